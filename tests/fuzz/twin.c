/* Tables of a store and of its twin, compared by the hashes of their rows. */
#include "twin.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "services/store/patch.h"
#include "services/store/store.h"

#define HASH_SIZE	16

static sqlite3_stmt *
prepared(sqlite3 *db, const char *sql)
{
	sqlite3_stmt	*st;

	CHECK(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK);
	return st;
}

static void
hash_value(crypto_generichash_state *h, sqlite3_stmt *st, int column)
{
	int		type = sqlite3_column_type(st, column);
	struct text	value = column_text(st, column);

	crypto_generichash_update(h, (unsigned char *)&type, sizeof(type));
	crypto_generichash_update(h, (unsigned char *)&value.len,
	    sizeof(value.len));
	if (value.len > 0)
		crypto_generichash_update(h, (const unsigned char *)value.base,
		    value.len);
}

static void
hash_table(sqlite3 *db, const char *name, unsigned char ret[HASH_SIZE])
{
	crypto_generichash_state	 h;
	char				*sql;
	sqlite3_stmt			*st;

	sql = sqlite3_mprintf("SELECT * FROM \"%w\"", name);
	st = prepared(db, sql);
	sqlite3_free(sql);
	crypto_generichash_init(&h, NULL, 0, HASH_SIZE);
	while (sqlite3_step(st) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(st); i++)
			hash_value(&h, st, i);
	CHECK(sqlite3_finalize(st) == SQLITE_OK);
	crypto_generichash_final(&h, ret, HASH_SIZE);
}

static void
compare_table(sqlite3 *twin, sqlite3 *store, const char *name)
{
	unsigned char	theirs[HASH_SIZE], ours[HASH_SIZE];

	hash_table(twin, name, ours);
	hash_table(store, name, theirs);
	if (memcmp(ours, theirs, HASH_SIZE) != 0)
		log_fatal("the twin differs in table %s", name);
}

/* Rows of sqlite_sequence have no order that a patch would keep. */
static void
compare_counters(sqlite3 *twin, sqlite3 *store)
{
	static const char	sql[] = "SELECT json_group_array(json_array("
				    "name, seq)) FROM (SELECT name, seq FROM "
				    "sqlite_sequence ORDER BY name)";
	sqlite3_stmt		*ours = prepared(twin, sql);
	sqlite3_stmt		*theirs = prepared(store, sql);

	CHECK(sqlite3_step(ours) == SQLITE_ROW &&
	    sqlite3_step(theirs) == SQLITE_ROW);
	if (!text_same(column_text(ours, 0), column_text(theirs, 0)))
		log_fatal("the twin differs in the counters of ids");
	sqlite3_finalize(ours);
	sqlite3_finalize(theirs);
}

static void
compare_all(sqlite3 *twin, sqlite3 *store)
{
	sqlite3_stmt	*st = prepared(store, "SELECT name FROM sqlite_schema "
			    "WHERE type = 'table' AND name NOT LIKE "
			    "'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE "
			    "'CREATE VIRTUAL%'");

	while (sqlite3_step(st) == SQLITE_ROW)
		compare_table(twin, store,
		    (const char *)sqlite3_column_text(st, 0));
	CHECK(sqlite3_finalize(st) == SQLITE_OK);
	compare_counters(twin, store);
}

sqlite3 *
twin_open(const char *path)
{
	sqlite3		*twin = store_open(path, false);
	const char	*missing = patch_missing(twin);

	if (missing != NULL)
		log_fatal("%s: %s", path, missing);
	CHECK(patch_prepare(twin));
	return twin;
}

void
twin_compare(sqlite3 *twin, sqlite3 *store, struct patch *patch)
{
	struct buf	bytes = { 0 };

	CHECK(patch_take(patch, &bytes));
	if (bytes.len > 0) {
		store_exec(twin, "BEGIN IMMEDIATE");
		CHECK(patch_apply(twin, buf_text(&bytes)) == PATCH_DONE);
		compare_all(twin, store);
		store_exec(twin, "ROLLBACK");
	}
	buf_done(&bytes);
}
