/*
 * The columns of this process: loaded once on a thread of their own, and
 * brought up to date for each call that asks for them.
 */
#include "services/ticket/list/loader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "services/ticket/list/labels.h"
#include "services/ticket/list/ranks.h"
#include "services/ticket/ticket.h"

static struct columns	columns;

/* --- the loader ---------------------------------------------------------- */

/*
 * At a million tickets to load takes a second, for which nobody else should
 * wait. It happens on a thread with a connection and tables of its own, once,
 * and is then taken over as a whole; what changed meanwhile is in `changes`.
 */
static struct loader {
	const struct service *service;
	pthread_t	 thread;
	bool		 begun;
	bool		 over;		/* taken over, or of no use */
	atomic_bool	 done;
	enum err	 error;
	struct buf	 path;		/* of the database */
	struct columns	 columns;
} loader;

static enum err
fill_columns(struct call *c, struct columns *k)
{
	int64_t		first, last;
	enum err	e = columns_bounds(c, &first, &last);

	if (e == OK)
		e = columns_load(c, k, last);
	if (e == OK)
		e = columns_rank(c, k);
	if (e == OK)
		e = columns_label_all(c, k);
	for (int sort = SORT_ID + 1; sort < SORT_RELEVANCE && e == OK; sort++)
		columns_order(k, (enum sort)sort);
	return e;
}

static void *
loader_run(void *arg)
{
	struct loader		*l = arg;
	struct op_tables	 tables = { 0 };
	struct lane		 lane;
	struct call		 c = { .lane = &lane };
	sqlite3			*db = store_open(l->path.base, true);

	op_tables_init(&tables, l->service, db);
	sqlite3_close(db);
	lane_open(&lane, &tables, l->path.base, true);
	l->error = ERR_STORE;
	if (lane_exec(&lane, SQL_BEGIN)) {
		l->error = fill_columns(&c, &l->columns);
		lane_exec(&lane, SQL_COMMIT);
	}
	lane_close(&lane);
	op_tables_done(&tables);
	atomic_store(&l->done, true);
	return NULL;
}

static void
loader_end(void)
{
	if (!loader.over)
		pthread_join(loader.thread, NULL);
	loader.over = true;
	buf_done(&loader.path);
}

void
columns_start(const struct service *service, const char *path)
{
	loader.service = service;
	buf_printf(&loader.path, "%s", path);
	loader.begun = true;
	if (pthread_create(&loader.thread, NULL, loader_run, &loader) != 0) {
		loader.over = true;	/* then who needs them loads them */
		return;
	}
	/* it uses what is gone when the process ends */
	atexit(loader_end);
}

void
columns_stop(void)
{
	if (loader.begun)
		loader_end();
}

bool
columns_are_loading(void)
{
	return !columns.loaded && loader.begun && !loader.over &&
	    !atomic_load(&loader.done);
}

static enum err
take_loaded(struct call *c, struct columns *k)
{
	if (columns_are_loading())
		return op_not_loaded(c);
	loader_end();
	if (loader.error == OK && loader.columns.stream == c->lane->stream) {
		loader.columns.generation = k->generation + 1;
		*k = loader.columns;
	}
	return OK;
}

/* --- up to date ---------------------------------------------------------- */

/* The transaction sees less than what was loaded: have one that sees more. */
static enum err
read_anew(struct call *c, int64_t *ret_first, int64_t *ret_last)
{
	if (!sqlite3_get_autocommit(c->lane->db) &&
	    (!lane_exec(c->lane, SQL_COMMIT) ||
	    !lane_exec(c->lane, SQL_BEGIN)))
		return ERR_STORE;
	return columns_bounds(c, ret_first, ret_last);
}

struct columns *
columns_now(struct call *c, enum err *ret)
{
	struct columns	*k = &columns;
	int64_t		 first, last;

	*ret = columns_bounds(c, &first, &last);
	if (k->stream != c->lane->stream)
		k->loaded = false;
	if (*ret == OK && !k->loaded && loader.begun && !loader.over) {
		*ret = take_loaded(c, k);
		if (*ret == OK && k->loaded && k->seq > last)
			*ret = read_anew(c, &first, &last);
	}
	if (*ret == OK && k->loaded && last != k->seq) {
		/* what was pruned, or is too much, is read as a whole */
		if (first > k->seq + 1 || last < k->seq ||
		    last - k->seq > (int64_t)k->count / 4 + 1000)
			k->loaded = false;
		else
			*ret = columns_apply(c, k, last);
	}
	if (*ret == OK && !k->loaded)
		*ret = columns_load(c, k, last);
	return *ret == OK ? k : NULL;
}

/* --- PING ---------------------------------------------------------------- */

enum err
columns_ping(struct call *c)
{
	enum err	 e = OK;
	struct columns	*k = NULL;

	if (!columns.loaded && !loader.begun)
		columns_start(c->lane->tables->service,
		    sqlite3_db_filename(c->lane->db, "main"));
	if (!columns_are_loading())
		k = columns_now(c, &e);
	if (k != NULL && columns_rank(c, k) == OK)
		columns_label(c, k);
	return op_ping(c);
}
