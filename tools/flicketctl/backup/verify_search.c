/*
 * Two search indexes side by side. Both give their words in the same order,
 * so one walk along both finds every word that only one of them has.
 */
#include "tools/flicketctl/backup/verify.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/cli/stop.h"

#define COUNT_MOST	1000

enum { DOC, TERM, COL, OFFSET };

static int
compare_numbers(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int64_t	x = sqlite3_column_int64(a, column);
	int64_t	y = sqlite3_column_int64(b, column);

	return x < y ? -1 : x > y;
}

static int
compare_text(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int	la = sqlite3_column_bytes(a, column);
	int	lb = sqlite3_column_bytes(b, column);
	int	d;

	if (la == 0 || lb == 0)
		return la - lb;
	d = memcmp(sqlite3_column_blob(a, column),
	    sqlite3_column_blob(b, column), (size_t)(la < lb ? la : lb));
	return d != 0 ? d : la - lb;
}

/* By word, then row, then place: so fts5vocab gives them. */
static int
compare(sqlite3_stmt *a, sqlite3_stmt *b)
{
	int	d = compare_text(a, b, TERM);

	if (d == 0)
		d = compare_numbers(a, b, DOC);
	if (d == 0)
		d = compare_text(a, b, COL);
	return d != 0 ? d : compare_numbers(a, b, OFFSET);
}

static void
differ(sqlite3_stmt *st, int64_t *ret_doc, int64_t *count)
{
	if ((*count)++ == 0)
		*ret_doc = sqlite3_column_int64(st, DOC);
}

static bool
walk(sqlite3_stmt *a, sqlite3_stmt *b, int64_t *ret_doc, int64_t *ret_count)
{
	int	ra = sqlite3_step(a), rb = sqlite3_step(b), d;

	while ((ra == SQLITE_ROW || rb == SQLITE_ROW) &&
	    *ret_count < COUNT_MOST && !stop_asked()) {
		if (ra != SQLITE_ROW)
			d = 1;
		else
			d = rb != SQLITE_ROW ? -1 : compare(a, b);
		if (d != 0)
			differ(d < 0 ? a : b, ret_doc, ret_count);
		if (d <= 0)
			ra = sqlite3_step(a);
		if (d >= 0)
			rb = sqlite3_step(b);
	}
	return (ra == SQLITE_ROW || ra == SQLITE_DONE) &&
	    (rb == SQLITE_ROW || rb == SQLITE_DONE);
}

bool
verify_search(sqlite3 *db, const char *sql, int64_t *ret_doc,
    int64_t *ret_count)
{
	sqlite3_stmt	*st[2] = { NULL, NULL };
	char		 one[256];
	const char	*place = strstr(sql, "%c");
	bool		 ok = place != NULL;

	*ret_count = 0;
	for (int i = 0; ok && i < 2; i++) {
		snprintf(one, sizeof(one), "%.*s%c%s", (int)(place - sql), sql,
		    "ab"[i], place + 2);
		ok = sqlite3_prepare_v2(db, one, -1, &st[i], NULL) ==
		    SQLITE_OK;
	}
	ok = ok && walk(st[0], st[1], ret_doc, ret_count);
	if (!ok)
		backup_fail("the search index cannot be read: %s",
		    sqlite3_errmsg(db));
	sqlite3_finalize(st[0]);
	sqlite3_finalize(st[1]);
	return ok;
}
