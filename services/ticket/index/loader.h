/*
 * The first load of the columns, on a thread of its own: at a million tickets
 * it takes a second, for which no other request should wait. The loop takes
 * the result over as a whole; what changed meanwhile is in table `changes`.
 */
#ifndef INDEX_LOADER_H
#define INDEX_LOADER_H

#include <pthread.h>
#include <stdatomic.h>

#include "services/ticket/index/columns.h"

enum loader_state {
	LOADER_LOADING,		/* the thread is at work */
	LOADER_LOADED,		/* it has ended, with or without an error */
	LOADER_OVER		/* joined, or never started */
};

/* All but `state` is the thread's while it is LOADING. */
struct loader {
	atomic_int		 state;		/* enum loader_state */
	const struct service	*service;
	char			*path;		/* of the store */
	pthread_t		 thread;
	enum err		 error;
	struct columns		 columns;
};

/*
 * Start the thread. If it cannot be started, the loader is over, and the
 * columns are loaded by the call that needs them.
 */
void		loader_start(struct loader *, const struct service *,
		    const char *path);

/* Wait for the thread, and free what was not taken over. */
void		loader_stop(struct loader *);

/* Whether calls that need the columns have to be sent again later. */
bool		loader_is_loading(struct loader *);

/*
 * Move the loaded columns into *k, and set the loader's state to OVER. Refuses
 * the call while the thread is at work; does nothing in state OVER. If loading
 * failed, *k stays as it is.
 *
 * *bounds are those of the call's transaction. If it is older than the loaded
 * columns, it is ended and a new one begun, and *bounds are set to that one's.
 */
enum err	loader_take(struct loader *, struct call *, struct columns *k,
		    struct change_bounds *bounds);

#endif
