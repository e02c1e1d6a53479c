/*
 * The keeper of a host's copy, if an engine holds the store: a thread of the
 * process that has the store's lock. It has the copy follow the log. When nobody
 * writes, it claims: then this process can begin to write, and the keeper keeps
 * the lease until the reign is over.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include <czmq.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "services/engine/reign.h"
#include "services/store/service.h"

struct keeper {
	const struct service	*service;	/* NULL: there is no engine */
	const struct settings	*settings;
	const char		*path;		/* of the copy */
	struct reign		 reign;
	int64_t			 instance;	/* of this process, for PINGs */
	zactor_t		*thread;	/* NULL: this process has no lock */
	_Atomic int64_t		 current_ms;	/* the copy had all that the
						 * writer told of, clock_ms() */
	uint64_t		 device, file;	/* of the copy, as it was opened */
	_Atomic int64_t		 heard_ms;	/* the engine was heard of */
	atomic_bool		 writes;	/* the reign is in use, until
						 * keeper_release() */
};

/* If the settings name an engine. The path outlives the keeper. */
void	keeper_init(struct keeper *, const struct service *,
	    const struct settings *, const char *path, int64_t instance);

/* Whether other hosts may have copies, too. */
bool	keeper_has_hosts(const struct keeper *);

/*
 * Whether the copy may lack what clients were told of by the writer on another
 * host, as that was not heard of for a while.
 */
bool	keeper_is_behind(const struct keeper *);

static inline bool
keeper_is_wanted(const struct keeper *k)
{
	return k->service != NULL;
}

/* What the process does for the keeper, with `arg`. */
struct keeper_asks {
	bool	(*is_stopped)(void *arg);	/* waits a while; it is to end */
	void	(*make)(void *arg);		/* makes the store of a new desk */
	void	*arg;
};

/*
 * With the lock: have a copy that can be read, fetched if need be. The engine's
 * store is made, or upgraded, if this is to be done. It waits for the engine if
 * it has to. False: the process is to end.
 */
bool	keeper_prepare(struct keeper *, const struct keeper_asks *);

/* Whether nobody was heard of for FLICKET_STALE_SECONDS. */
bool	keeper_is_stale(const struct keeper *);

/* The copy is opened now by this process, whether or not it has the lock. */
void	keeper_note_copy(struct keeper *);

/*
 * End the process if the copy was removed, or another one has its place: the next
 * start opens what is there, or fetches it.
 */
void	keeper_watch_copy(struct keeper *);

void	keeper_start(struct keeper *);

/* Give the lease up, if there is one, and end the thread. */
void	keeper_stop(struct keeper *);

/* Whether this process may write. */
static inline bool
keeper_has_reign(const struct keeper *k)
{
	return atomic_load(&k->reign.number) != 0;
}

/* The process has ended writing: the copy follows the log again. */
void	keeper_release(struct keeper *);

#endif
