/* The inside of a checkpoint, for checkpoint.c and its test. */
#ifndef STORE_CHECKPOINT_PRIVATE_H
#define STORE_CHECKPOINT_PRIVATE_H

#include <czmq.h>
#include <stdatomic.h>

#include "services/store/checkpoint.h"

#define PASS_PAGES	250	/* not written back yet: do so. With more,
				 * commits wait longer for the disk */
#define LOG_PAGES	4000	/* a log so long is to begin anew: up to 4,062
				 * its index is in one piece */
#define AGAIN_PAGES	100	/* a reader was in the way: once more then */

struct checkpoint {
	sqlite3			*db;	/* the writer's */
	const char		*path;
	zactor_t		*actor;

	/* of the thread, too */
	atomic_bool		 busy;		/* it has been asked */
	_Atomic int		 done;		/* pages written back */
	_Atomic int64_t		 pause_ms;	/* until then nothing is tried */

	/* of the writer */
	int			 pages;		/* in the log */
	int			 seen;		/* ... when it was looked last */
	int			 tried;		/* ... when the end was tried */
	bool			 passed;	/* the thread has been through */
};

/* Write back what can be written back, on a connection to the store. */
void	checkpoint_write_back(struct checkpoint *, sqlite3 *);

#endif
