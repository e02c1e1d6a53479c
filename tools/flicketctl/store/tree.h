/* Whole folders: removed, or brought to the disk for their owner. */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Remove a folder and all in it, as far as that is possible. `last`: the name
 * of a file in the folder that goes after all others; NULL if none does.
 */
void	tree_remove(const char *path, const char *last);

/*
 * Give a folder and all in it to an owner, if root does it, and have bytes and
 * names on disk. False: errno says why, and *ret_path, a text that the caller
 * frees, which file or folder it was.
 */
bool	tree_finish(const char *path, uid_t, gid_t, struct buf *ret_path);

#endif
