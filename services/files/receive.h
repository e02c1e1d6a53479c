/*
 * Files that come in pieces: begun, chunks in order, sealed. A file has a
 * hidden, temporary name until it is sealed. One that fails on the way is
 * removed at once, and its place is free again.
 *
 * Errors: BUSY where there is no room, GONE_AWAY where a handle is not that
 * of a file that is being filled or bytes do not follow those that came,
 * STORE, which is logged, where the disk fails.
 */
#ifndef FILES_RECEIVE_H
#define FILES_RECEIVE_H

#include "services/files/incoming.h"

/* Make an empty file, known to the other functions by its handle. */
enum err receive_begin(struct incoming *, const struct incoming_offer *,
	    int64_t *ret_handle);

/* Append bytes: at most dir.piece_most, and no more than were announced. */
enum err receive_chunk(struct incoming *, int64_t handle, struct text peer,
	    int64_t offset, struct text bytes);

/* Whether a whole file may stay; it may move the descriptor's position. */
typedef enum err receive_check(int fd, const char *extension, void *arg);

/*
 * Have a whole file checked, and give it its final name, durably. Its row may
 * be written now: incoming_claim().
 */
enum err receive_seal(struct incoming *, int64_t handle, struct text peer,
	    receive_check *check, void *arg, char ret_name[DIR_MADE_SIZE]);

/* The asker is done with a file: incoming_drop(). */
void	receive_drop(struct incoming *, int64_t handle);

/* Remove a WRITING or LEAVING file, and free its place. */
void	receive_discard(struct incoming *, struct incoming_file *);

#endif
