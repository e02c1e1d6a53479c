/* Stores for tests. */
#include "desk.h"

#include <sqlite3.h>

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "services/runtime/lane/calls.h"
#include "services/store/migrate.h"
#include "services/store/store.h"

struct desk	desk;

int
desk_set_up(void **state)
{
	desk_open(&desk, *state);
	return 0;
}

int
desk_tear_down(void **state)
{
	(void)state;
	desk_close(&desk);
	return 0;
}

struct settings
desk_settings(void)
{
	return (struct settings){
		.admin_password = "Password1",
		.admin_password_file = "",
		.bcrypt_cost = 4,
		.change_category = "nobody",
		.login_failures_per_name = 10,
		.login_failures_per_address = 60,
		.token_seconds = 3600,
	};
}

static void
close_index(struct desk *d)
{
	if (d->tables.index != NULL)
		d->tables.service->closed(d->tables.index);
	d->tables.index = NULL;
}

void
desk_load_index(struct desk *d)
{
	const struct service	*service = d->tables.service;

	close_index(d);
	d->tables.index = service->opened(service, d->path);
}

/* Most tests ask at once, and need not know that an index is being loaded. */
static void
open_index(struct desk *d)
{
	const struct timespec	 pause = { .tv_nsec = 1000000 };
	const struct service	*service = d->tables.service;

	if (service->opened == NULL)
		return;
	desk_load_index(d);
	while (service->loading(d->tables.index))
		nanosleep(&pause, NULL);
}

void
desk_open(struct desk *d, const struct service *service)
{
	struct db	*db;

	memset(d, 0, sizeof(*d));
	log_set_level(LEVEL_ERROR);
	d->settings = desk_settings();
	unit_folder_make(d->folder);
	snprintf(d->path, sizeof(d->path), "%s/store.db", d->folder);
	store_make(service, &d->settings, d->path, false);
	db = db_open(service, d->path, false);
	op_tables_init(&d->tables, service, db);
	db_close(&db);
	if (service->start != NULL)
		service->start(&d->settings);
	session_open(&d->session, &d->tables, d->path, false);
	d->sqlite = db_sqlite(d->session.db);
	d->session.lock = store_lock(d->folder);
	CHECK(d->session.lock != -1);
	open_index(d);
}

void
desk_close(struct desk *d)
{
	close(d->session.lock);
	close_index(d);
	session_close(&d->session);
	op_tables_done(&d->tables);
	unit_folder_remove(d->folder);
}

void
desk_begin(struct call *c, enum op_code op)
{
	memset(c, 0, sizeof(*c));
	c->request.op = op;
	c->request.actor = 1;
	c->request.request_id = TEXT_OF("test");
}

enum err
desk_call(struct desk *d, struct call *c)
{
	op_call(&d->session, c);
	return c->answer.error;
}

void
desk_end(struct call *c)
{
	call_done(c);
}

int64_t
desk_number(struct desk *d, const char *query)
{
	sqlite3_stmt	*st;
	int64_t		 n = -1;

	CHECK(sqlite3_prepare_v2(d->sqlite, query, -1, &st, NULL) ==
	    SQLITE_OK);
	if (sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}
