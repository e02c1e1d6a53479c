/* The first load of the columns, on a thread with a connection of its own. */
#include "services/ticket/index/loader.h"

#include <stdlib.h>

#include "base/log.h"
#include "services/ticket/index/labels.h"
#include "services/ticket/index/ranks.h"
#include "services/ticket/ticket.h"

static void
enter_loader_state(struct loader *l, enum loader_state next)
{
	static const char *const	names[] = {
		[LOADER_LOADING] = "loading", [LOADER_LOADED] = "loaded",
		[LOADER_OVER] = "over"
	};

	log_debug("columns: %s -> %s", names[atomic_load(&l->state)],
	    names[next]);
	atomic_store(&l->state, next);
}

/* --- the thread ---------------------------------------------------------- */

static enum err
fill_columns(struct call *c, struct columns *k)
{
	struct change_bounds	bounds;
	enum err		e = columns_bounds(c, &bounds);

	if (e == OK)
		e = columns_load(c, k, bounds.last);
	if (e == OK)
		e = ranks_update(c, k);
	if (e == OK)
		e = labels_make(c, k);
	for (int sort = SORT_ID + 1; sort < SORT_RELEVANCE && e == OK; sort++)
		columns_order(k, (enum sort)sort);
	return e;
}

static void *
load_columns(void *arg)
{
	struct loader		*l = arg;
	struct op_tables	 tables = { 0 };
	struct session		 session;
	struct call		 c = { .session = &session };
	struct db		*db = db_open(l->service, l->path, true);

	op_tables_init(&tables, l->service, db);
	db_close(&db);
	session_open(&session, &tables, l->path, true);
	l->error = ERR_STORE;
	if (db_begin_read(session.db)) {
		l->error = fill_columns(&c, &l->columns);
		db_commit(session.db);
	}
	session_close(&session);
	op_tables_done(&tables);
	enter_loader_state(l, LOADER_LOADED);
	return NULL;
}

/* --- the loop ------------------------------------------------------------ */

void
loader_start(struct loader *l, const struct service *service,
    const char *path)
{
	*l = (struct loader){ .service = service, .path = must_strdup(path) };
	if (pthread_create(&l->thread, NULL, load_columns, l) != 0)
		enter_loader_state(l, LOADER_OVER);
}

static void
join_thread(struct loader *l)
{
	pthread_join(l->thread, NULL);
	enter_loader_state(l, LOADER_OVER);
}

void
loader_stop(struct loader *l)
{
	if (atomic_load(&l->state) != LOADER_OVER)
		join_thread(l);
	columns_done(&l->columns);
	free(l->path);
}

bool
loader_is_loading(struct loader *l)
{
	return atomic_load(&l->state) == LOADER_LOADING;
}

/* Have the call see a newer snapshot of the store. */
static enum err
restart_transaction(struct call *c)
{
	struct db	*db = c->session->db;

	return !db_in_transaction(db) || (db_commit(db) && db_begin_read(db)) ?
	    OK : ERR_STORE;
}

enum err
loader_take(struct loader *l, struct call *c, struct columns *k,
    struct change_bounds *bounds)
{
	enum err	e;

	if (atomic_load(&l->state) == LOADER_OVER)
		return OK;
	if (loader_is_loading(l))
		return ERR_LOADING;
	join_thread(l);
	if (l->error != OK || l->columns.stream != c->session->stream)
		return OK;
	l->columns.generation = k->generation + 1;
	columns_done(k);
	*k = l->columns;
	l->columns = (struct columns){ 0 };
	if (k->seq <= bounds->last)
		return OK;
	e = restart_transaction(c);
	return e != OK ? e : columns_bounds(c, bounds);
}
