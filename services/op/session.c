/* Connections with prepared statements, one for each thread. */
#include "services/op/op.h"

#include <stdlib.h>

#include "services/op/row_cache.h"
#include "services/op/etag_cache.h"
#include "services/store/migrate.h"

static size_t
count_rows(const struct service *service)
{
	size_t	rows = 0;

	while (service->ops[rows].op != OP_NONE)
		rows++;
	return rows;
}

void
session_open(struct session *session, const struct op_tables *tables,
    const char *path, bool read_only)
{
	session->db = db_open(tables->service, path, read_only);
	session->tables = tables;
	session->stream = store_stream(db_sqlite(session->db));
	session->frames = frame_reader_new();
	session->etag_cache = etag_cache_new();
	session->row_cache = tables->caches_rows ? row_cache_new() : NULL;
	session->until_us = 0;
	session->over = session->may_put_aside = false;
	session->chosen = must_alloc((count_rows(tables->service) + 1) *
	    sizeof(session->chosen[0]));
}

void
session_close(struct session *session)
{
	for (size_t i = 0; i < count_rows(session->tables->service); i++) {
		shape_plan_destroy(&session->chosen[i].plan);
		buf_done(&session->chosen[i].fields);
	}
	free(session->chosen);
	frame_reader_destroy(&session->frames);
	etag_cache_destroy(&session->etag_cache);
	row_cache_destroy(&session->row_cache);
	db_close(&session->db);
	*session = (struct session){ 0 };
}
