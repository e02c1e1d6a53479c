/*
 * A connection to PostgreSQL with bounds of time: nothing waits for a server
 * that does not answer. libpq's own words for things are used.
 */
#ifndef ENGINE_LINK_H
#define ENGINE_LINK_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Values of a statement, in binary form. */
#define PARAMS_MOST	64

struct params {
	int		count;
	const char	*values[PARAMS_MOST];
	int		lengths[PARAMS_MOST];
	int		formats[PARAMS_MOST];
	int64_t		numbers[PARAMS_MOST];	/* in the network's order */
};

void	params_put_number(struct params *, int64_t);
void	params_put_bytes(struct params *, struct text);

struct link;

/*
 * `role`: used where the conninfo names no user. The schema of that name is the
 * only one that statements see.
 */
struct link	*link_new(const char *conninfo, const char *role);
void		 link_destroy(struct link **);

/*
 * Be connected to a server that can be written to. `on_open` is called behind
 * each new connection, and may prepare statements; false closes it again.
 */
bool		 link_open(struct link *, bool (*on_open)(void *arg), void *arg);
void		 link_close(struct link *);
bool		 link_is_open(const struct link *);

/* Why something failed last, in words, one line. */
const char	*link_error(const struct link *);
void		 link_set_error(struct link *, const char *);

/* The SQLSTATE of that, "" without one (the connection was lost). */
const char	*link_state(const struct link *);

/*
 * Whether the server warned since it was last asked. A commit behind which it
 * did may not be on the standby: so says the server when a wait for it was
 * cancelled, and reports success.
 */
bool		 link_take_warning(struct link *);

/* --- one statement -------------------------------------------------------------- */

/*
 * Run a statement by its text, or a prepared one by its name. NULL: it failed,
 * see link_error(). What a prepared one returns is in binary form.
 */
PGresult	*link_query(struct link *, const char *sql);
PGresult	*link_run(struct link *, const char *name, const struct params *);
bool		 link_do(struct link *, const char *sql);
bool		 link_prepare(struct link *, const char *name, const char *sql);

/* A number of a result in binary form; 0 for NULL. */
int64_t		 link_number(const PGresult *, int row, int column);
struct text	 link_bytes(const PGresult *, int row, int column);

/* --- several, in one round trip --------------------------------------------------- */

bool		 link_begin(struct link *);
bool		 link_send(struct link *, const char *name,
		    const struct params *);

enum link_end {
	LINK_DONE,	/* all of them were run */
	LINK_FAILED,	/* one was not, see link_state(); the later ones neither */
	LINK_LOST	/* no answer: what was sent may have been run. It is closed */
};

/* Send what was put together, and wait for all answers. */
enum link_end	 link_finish(struct link *);

/* --- rows in bulk ------------------------------------------------------------------ */

bool		 link_copy_begin(struct link *, const char *sql, bool is_in);
bool		 link_copy_put(struct link *, struct text);
bool		 link_copy_end(struct link *);

/*
 * The next bytes of a COPY TO; to be freed by PQfreemem(). The base is NULL at the
 * end, and after a failure, which *ret_failed tells.
 */
struct text	 link_copy_take(struct link *, bool *ret_failed);

#endif
