/*
 * Files that are read: in pieces, or whole. NOT_FOUND where a name is not that
 * of a plain file; STORE, which is logged, where the disk fails.
 */
#ifndef FILES_SERVE_H
#define FILES_SERVE_H

#include "services/files/dir.h"

/*
 * Open a file for reading: its descriptor and its size in bytes. -1: there is
 * no such file.
 */
int	serve_open(const struct dir *, struct text name, int64_t *ret_size);

/* Append up to `limit` bytes from `offset` on; fewer at the end of the file. */
enum err serve_piece(const struct dir *, struct text name, int64_t offset,
	    int64_t limit, struct buf *);

/* Append a file of at most dir.piece_most bytes; a longer one is NOT_FOUND. */
enum err serve_whole(const struct dir *, struct text name, struct buf *);

#endif
