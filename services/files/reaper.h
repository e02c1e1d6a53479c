/*
 * The reaper removes files: a thread with its own connection to the store.
 *
 * - Files of rows that were deleted (reaper_unlink_later()) are removed when
 *   the deletion is committed. If the row is still there after
 *   REAPER_WAIT_MS, the transaction was rolled back, and the file stays.
 * - Files on their way in that were given up are removed, and those that have
 *   their row leave the table.
 * - reaper_sweep() removes files that a crash left.
 */
#ifndef FILES_REAPER_H
#define FILES_REAPER_H

#include "services/files/incoming.h"

#define REAPER_WAIT_MS	60000

/* A file to be unlinked when no row names it. */
struct reaper_unlink {
	struct reaper_unlink	*next;
	int64_t			 since_ms;	/* by clock_ms() */
	char			 name[];
};

struct reaper {
	const struct service	*service;
	const struct dir	*dir;
	struct incoming		*incoming;	/* NULL: files come whole */
	struct db		*db;		/* open while there is work */
	pthread_t		 thread;
	bool			 started;

	pthread_mutex_t		 lock;		/* guards what follows */
	pthread_cond_t		 wake;
	struct reaper_unlink	*unlinks;	/* the queue, in no order */
	bool			 stopping;
};

void	reaper_init(struct reaper *, const struct service *,
	    const struct dir *, struct incoming *);

/*
 * Start the thread, unless there is no store: not in a service's process.
 * Dies if it cannot be started.
 */
void	reaper_start(struct reaper *);

/* End the thread. It does not use store and files any more. */
void	reaper_stop(struct reaper *);

/* A file is on its way in. From any thread, as is the next. */
void	reaper_wake(struct reaper *);

/* Remove a file when no row names it. A name that is not one is ignored. */
void	reaper_unlink_later(struct reaper *, struct text name);

/*
 * Remove the files that no row names; for a process that begins to write the
 * store. If the store cannot be opened they stay until the next start.
 */
void	reaper_sweep(struct reaper *);

/*
 * The steps of the thread: it opens its connection, looks at all files every
 * 200 ms until the reaper is idle, and closes the connection. reaper_open() is
 * false if the store cannot be opened.
 */
bool	reaper_open(struct reaper *);
void	reaper_look(struct reaper *, int64_t now_ms);
bool	reaper_is_idle(struct reaper *);
void	reaper_close(struct reaper *);

#endif
