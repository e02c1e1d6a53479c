/*
 * The reign of this process, if it writes: what the threads that keep it, write
 * under it and act on it share.
 */
#ifndef ENGINE_REIGN_H
#define ENGINE_REIGN_H

#include <stdatomic.h>
#include <stdint.h>

struct reign {
	_Atomic int64_t	 number;	/* 0: this process does not write */
	_Atomic int64_t	 entry;		/* the last that it has committed */
	const char	*conninfo;
	char		 owner[128];	/* of leases: this host */
};

#endif
