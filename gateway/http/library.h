/*
 * Taking the place of functions of libh2o.
 *
 * The library calls its own functions through the dynamic linker, so that one
 * of ours with the same name is called in its place (hpack.c, frames.c,
 * framing.c), and finds the library's own here.
 */
#ifndef HTTP_LIBRARY_H
#define HTTP_LIBRARY_H

#include <dlfcn.h>
#include <string.h>

#include "base/log.h"

/* Put the library's function into *ret, a pointer to a function. */
static inline void
library_find(const char *name, void *ret)
{
	void	*found = dlsym(RTLD_NEXT, name);

	CHECK(found != NULL);
	memcpy(ret, &found, sizeof(found));
}

#endif
