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
lane_open(struct lane *lane, const struct op_tables *tables, const char *path,
    bool read_only)
{
	lane->db = db_open(tables->service, path, read_only);
	lane->tables = tables;
	lane->stream = store_stream(db_sqlite(lane->db));
	lane->frames = frame_reader_new();
	lane->etag_cache = etag_cache_new();
	lane->row_cache = tables->caches_rows ? row_cache_new() : NULL;
	lane->until_us = 0;
	lane->over = lane->may_put_aside = false;
	lane->chosen = must_alloc((count_rows(tables->service) + 1) *
	    sizeof(lane->chosen[0]));
}

void
lane_close(struct lane *lane)
{
	for (size_t i = 0; i < count_rows(lane->tables->service); i++) {
		shape_plan_destroy(&lane->chosen[i].plan);
		buf_done(&lane->chosen[i].fields);
	}
	free(lane->chosen);
	frame_reader_destroy(&lane->frames);
	etag_cache_destroy(&lane->etag_cache);
	row_cache_destroy(&lane->row_cache);
	db_close(&lane->db);
	*lane = (struct lane){ 0 };
}
