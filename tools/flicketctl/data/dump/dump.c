/* A dump, from its beginning to its end. */
#include "tools/flicketctl/data/dump/dump.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tools/flicketctl/data/dump/dump_parts.h"

static bool
fail_cut(struct dump *d)
{
	snprintf(d->why, DUMP_WHY_SIZE, "the dump ends before its end line "
	    "(\"-- %s\"): it is cut short, or was made without comments",
	    d->dialect == DUMP_MYSQL ? "Dump completed" : d->cluster ?
	    "PostgreSQL database cluster dump complete" :
	    "PostgreSQL database dump complete");
	return false;
}

static bool
read_all(struct dump *d)
{
	for (;;) {
		dump_skip_blank(d);
		if (input_peek(&d->in, 0) == -1)
			break;
		if (!dump_read_statement(d))
			return false;
	}
	if (d->in.stopped)
		return dump_fail(d, "stopped");
	if (ferror(d->in.f))
		return dump_fail(d, "the file cannot be read");
	return d->complete || fail_cut(d);
}

static bool
run(struct dump *d, const char *sql)
{
	return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
	    dump_fail(d, "%s", sqlite3_errmsg(d->db));
}

bool
dump_load(FILE *f, const struct dump_head *head, sqlite3 *into,
    dump_goes_on_fn *goes_on, char why[DUMP_WHY_SIZE])
{
	struct dump	*d = must_alloc(sizeof(*d));
	bool		 ok;

	*d = (struct dump){ .dialect = head->dialect, .db = into, .why = why,
	    .delimiter = ";", .schema = "public" };
	why[0] = '\0';
	input_open(&d->in, f, head, goes_on);
	charset_open(d);
	ok = run(d, "BEGIN") && read_all(d) && tables_finish(d);
	tables_free(d);
	ok = ok && run(d, "COMMIT");
	charset_close(d);
	input_close(&d->in);
	buf_done(&d->text);
	buf_done(&d->row);
	free(d->place);
	free(d);
	return ok;
}
