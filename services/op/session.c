/* Connections with prepared statements, one for each thread. */
#include "services/op/op.h"

#include <stdlib.h>

#include "base/log.h"
#include "services/op/kept.h"
#include "services/op/known.h"

static size_t
count_rows(const struct service *service)
{
	size_t	rows = 0;

	while (service->ops[rows].op != OP_NONE)
		rows++;
	return rows;
}

void
lane_open(struct lane *lane, const struct op_tables *tables, const char *path,
    bool read_only)
{
	lane->db = store_open(path, read_only);
	lane->statements = store_prepare(lane->db, tables->service);
	lane->tables = tables;
	lane->stream = store_stream(lane->db);
	lane->frames = frame_reader_new();
	lane->known = known_new();
	lane->kept = tables->keeps ? kept_new() : NULL;
	lane->version = lane->until_us = 0;
	lane->over = lane->may_put_aside = false;
	lane->read_only = read_only;
	lane->chosen = must_alloc((count_rows(tables->service) + 1) *
	    sizeof(lane->chosen[0]));
}

void
lane_close(struct lane *lane)
{
	for (int i = SQL_NONE + 1; i < lane->tables->service->sql_end; i++)
		sqlite3_finalize(lane->statements[i]);
	free(lane->statements);
	for (size_t i = 0; i < count_rows(lane->tables->service); i++) {
		shape_plan_destroy(&lane->chosen[i].plan);
		buf_done(&lane->chosen[i].fields);
	}
	free(lane->chosen);
	frame_reader_destroy(&lane->frames);
	known_destroy(&lane->known);
	kept_destroy(&lane->kept);
	sqlite3_close(lane->db);
	*lane = (struct lane){ 0 };
}

bool
lane_exec(struct lane *lane, int sql)
{
	sqlite3_stmt	*st = lane->statements[sql];
	int		 result = sqlite3_step(st);

	lane->version = 0;
	sqlite3_reset(st);
	if (result != SQLITE_DONE)
		log_error("store: %s: %s", store_sql(lane->tables->service,
		    sql)->name, sqlite3_errmsg(lane->db));
	return result == SQLITE_DONE;
}
