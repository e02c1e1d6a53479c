/*
 * A service: a name, a store, and tables. Each services/NAME/service.c defines
 * one `const struct service NAME_service`.
 */
#ifndef STORE_SERVICE_H
#define STORE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"
#include "proto/tables.h"

struct call;
struct db;
struct op;

/* One statement: the name it has in sql.tbl and its text. */
struct sql {
	const char	*name;
	const char	*text;
};

/* Statements are numbers from 1 on: those of store/sql.tbl, then the service's. */
enum {
	SQL_NONE,
#define SQL(NAME, text) SQL_##NAME,
#include "services/store/sql.tbl"
#undef SQL
	SQL_COMMON_END
};

struct service {
	enum service_id		  id;
	const char *const	 *migrations;	/* NULL ends them */
	const char		 *seed;		/* for a new store, "" none */
	const struct sql	 *sql;		/* from SQL_COMMON_END on */
	int			  sql_end;	/* one more than the last */
	const struct op		 *ops;		/* a row with op 0 ends them */
	int			  gone_actor;	/* finds the actor among the
						 * users that were deleted, whose
						 * writes are refused. SQL_NONE:
						 * this store does not know them */

	/* A write that a process sends itself when it begins to write, and
	 * again while the answer's total is not 0; OP_NONE: the service
	 * has no such write. */
	enum op_code		  chore;
	int64_t			  chore_every_ms; /* and again after this
						   * time; 0: never */

	/*
	 * Called once, in the transaction that seeds a new store, after
	 * `seed` has run; NULL if there is nothing to add. Dies on failure.
	 */
	void	(*seeded)(struct db *, const struct settings *);

	/* Services that `seeded` left events for, as bits by enum service_id,
	 * beyond those that operations emit to. */
	uint64_t		  seed_consumers;

	/*
	 * Called in the transaction that brings a store from an older schema
	 * (`from`) to the newest, at its end: tells other services what that
	 * schema had no event for. NULL: not needed. Dies on failure.
	 */
	void	(*upgraded)(struct db *, int64_t from);

	/* Called once at start, before any thread runs; NULL if not needed. */
	void	(*start)(const struct settings *);

	/* Called once when there is a store to read, of this path, before
	 * the first request: returns the index of the store that the service
	 * keeps in memory (struct op_tables), until closed(). NULL, all
	 * three, if it keeps none. */
	void	*(*opened)(const struct service *, const char *path);
	void	(*closed)(void *index);

	/* Whether a thread of the service's own still loads the index: reads
	 * that need it are answered LOADING. */
	bool	(*loading)(void *index);

	/*
	 * For the store that owns users: called in the transaction of each
	 * write that a client asks for, before all else. Sets the rights of the
	 * call's request to those that its actor has in the store, or refuses.
	 * NULL: the rights that came with the request count.
	 */
	enum err (*actor)(struct call *);

	/* Called when this process gets the store's lock, at start or later,
	 * before it writes; NULL if not needed. */
	void	(*became_writer)(const struct service *);

	/* Called on the loop when a peer (its ZeroMQ identity) sent a PING;
	 * NULL if not needed. */
	void	(*heard)(struct text peer);

	/* Called when the process ends, before its lanes close the store: no
	 * thread of the service's own uses it any more then; NULL if there is
	 * none. */
	void	(*stop)(void);
};

/* services/NAME/service.c; a program is linked to the one that it is. */
extern const struct service user_service;
extern const struct service ticket_service;
extern const struct service post_service;
extern const struct service lookup_service;

#endif
