/* The schema of a store, compared to what this program would make. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

struct service;
struct sqlite3;

/*
 * Compare the store's database, attached as `name`, with a schema that this
 * program knows. `found` is called with a line for each difference: what is
 * missing, what has another text, and triggers and indexes of our tables that
 * are not ours. Added tables, their indexes and views take no part in writes
 * and are left alone. False: it cannot be read, and select_error() says why.
 */
bool	schema_compare(struct sqlite3 *, const char *name, const struct service *,
	    int64_t schema, void (*found)(void *, const char *line),
	    void *arg);

#endif
