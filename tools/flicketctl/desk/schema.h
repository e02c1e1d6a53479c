/* The schema of a store, compared to what this program would make. */
#ifndef DESK_SCHEMA_H
#define DESK_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct service;

/*
 * What the store's database, attached as `name`, lacks or has otherwise, of a
 * schema that this program knows. What somebody added and that has no part in
 * our writes (tables, their indexes, views) is left alone; a trigger, or an
 * index of our tables, is not. `found` is called with a line for each. False if it cannot be read: SQLite has the
 * reason.
 */
bool	schema_compare(sqlite3 *, const char *name, const struct service *,
	    int64_t schema, void (*found)(void *, const char *line),
	    void *arg);

#endif
