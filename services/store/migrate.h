/* The schema of a store, its defaults, and what others have heard of it. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "services/store/service.h"

struct sqlite3;

/*
 * Have a store that can be used: made, if it is not there, with this program's
 * schema and its defaults. `accept`: store_accept(), too. Dies if it cannot.
 */
void	store_make(const struct service *, const struct settings *,
	    const char *path, bool accept);

/*
 * Whether a store is there, with a program's own schema and its defaults: a
 * process that does not hold the lock can use it. Dies if it is newer.
 */
bool	store_is_ready(const struct service *, const char *path);

/*
 * Bring a database to the newest schema: the common tables, then each of the
 * service's migrations it does not have, each in a transaction of its own.
 * Dies with a message if the database is newer than the program.
 */
void	store_migrate(struct sqlite3 *, const struct service *, const char *path);

/*
 * Lay out an empty database as a store of that schema, without defaults and
 * without a stream.
 */
void	store_lay_out(struct sqlite3 *, const struct service *, int64_t schema);

/*
 * Whether there is no store yet, or one that no other service has heard of: all
 * events that it ever wrote are still in its outbox. *ret_stream: its stream, 0
 * without a store.
 */
bool	store_is_new(const char *path, int64_t *ret_stream);

/*
 * Note in a store that it is meant to be used although other services know of
 * another one; whether that is noted.
 */
void	store_accept(struct sqlite3 *);
bool	store_is_accepted(struct sqlite3 *);

/* Give a store that was never seeded its defaults, in one transaction. */
void	store_seed(struct sqlite3 *, const struct service *,
	    const struct settings *);

/* Which schema a store has. */
int64_t	store_schema(struct sqlite3 *);

/* The newest schema that this program knows of a service's store. */
int64_t	store_newest_schema(const struct service *);

/* The number of this store's stream of events. */
int64_t	store_stream(struct sqlite3 *);

#endif
