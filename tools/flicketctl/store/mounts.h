/* Which folders are mount points, links, or on a file system of their own. */
#ifndef STORE_MOUNTS_H
#define STORE_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether rename(2) cannot move a folder, or would not move what is in it: a
 * mount point, also one of the same file system, or a link. False of what is
 * not there.
 */
bool	mounts_is_apart(const char *path);

/*
 * Find a mount point below a folder of the working folder, other than those of
 * a list that NULL ends (paths below the working folder). *ret is its path
 * below the working folder. False if there is none, or if the kernel does not
 * tell.
 */
bool	mounts_find(const char *folder, const char *const *known, char *ret,
	    size_t size);

/* Whether what is written below a path is in memory alone. */
bool	mounts_is_in_memory(const char *path);

#endif
