/*
 * The reader of dumps: any file is read to its end or refused with one line,
 * and leaves only Flicket's tables. The first byte says how lines end and
 * whose dump it is.
 */
#include "fuzz.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "tools/flicketctl/data/dump/dump.h"

static bool
go_on(int64_t done)
{
	return done >= 0;
}

static void
check_line(const char *line)
{
	size_t	len = strlen(line);

	CHECK(len > 0 && len < DUMP_WHY_SIZE);
	for (size_t i = 0; i < len; i++)
		CHECK((unsigned char)line[i] >= ' ' && line[i] != 0x7f);
}

static int64_t
number_of(sqlite3 *db, const char *sql)
{
	sqlite3_stmt	*st;
	int64_t		 number;

	CHECK(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK);
	CHECK(sqlite3_step(st) == SQLITE_ROW);
	number = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return number;
}

static void
load(const struct dump_head *head, struct text t)
{
	FILE	*f = fmemopen((void *)(uintptr_t)t.base, t.len, "r");
	char	 why[DUMP_WHY_SIZE];
	sqlite3	*db;

	CHECK(f != NULL && sqlite3_open(":memory:", &db) == SQLITE_OK);
	if (!dump_load(f, head, db, go_on, why))
		check_line(why);
	CHECK(number_of(db, "SELECT count(*) FROM sqlite_schema WHERE type NOT "
	    "IN ('table', 'index')") == 0);
	CHECK(number_of(db, "SELECT count(*) FROM sqlite_schema WHERE type = "
	    "'table' AND lower(substr(name, 1, 8)) <> 'flicket_' AND "
	    "lower(name) <> 'alembic_version'") == 0);
	sqlite3_close(db);
	fclose(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct dump_head	head, seen;
	char			why[DUMP_WHY_SIZE];

	if (len < 2)
		return 0;
	if (!dump_look("flicket.sql", data + 1, len - 1, &seen, why))
		check_line(why);
	head = (struct dump_head){ .crlf = data[0] & 1,
	    .dialect = data[0] & 2 ? DUMP_POSTGRES : DUMP_MYSQL };
	load(&head, (struct text){ (const char *)data + 1, len - 1 });
	return 0;
}
