/*
 * Two search indexes side by side. Both give their words in the same order,
 * so one walk along both finds every word that only one of them has.
 */
#include "tools/flicketctl/backup/verify.h"

#include <string.h>

#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/stop.h"
#include "tools/flicketctl/store/select.h"

#define COUNT_MOST	1000

enum { DOC, TERM, COL, OFFSET };

static int
compare_numbers(const struct select *a, const struct select *b, int column)
{
	int64_t	x = select_number(a, column);
	int64_t	y = select_number(b, column);

	return x < y ? -1 : x > y;
}

static int
compare_text(const struct select *a, const struct select *b, int column)
{
	struct text	x = select_bytes(a, column), y = select_bytes(b, column);
	int		d = 0;

	if (x.len > 0 && y.len > 0)
		d = memcmp(x.base, y.base, x.len < y.len ? x.len : y.len);
	return d != 0 ? d : (x.len > y.len) - (x.len < y.len);
}

/* By word, then row, then place: the order of fts5vocab. */
static int
compare_places(const struct select *a, const struct select *b)
{
	int	d = compare_text(a, b, TERM);

	if (d == 0)
		d = compare_numbers(a, b, DOC);
	if (d == 0)
		d = compare_text(a, b, COL);
	return d != 0 ? d : compare_numbers(a, b, OFFSET);
}

static void
count_difference(const struct select *r, int64_t *ret_doc, int64_t *count)
{
	if ((*count)++ == 0)
		*ret_doc = select_number(r, DOC);
}

static void
walk_both(struct select *a, struct select *b, int64_t *ret_doc,
    int64_t *ret_count)
{
	bool	has_a = select_next(a), has_b = select_next(b);
	int	d;

	while ((has_a || has_b) && *ret_count < COUNT_MOST && !stop_asked()) {
		if (!has_a)
			d = 1;
		else
			d = has_b ? compare_places(a, b) : -1;
		if (d != 0)
			count_difference(d < 0 ? a : b, ret_doc, ret_count);
		if (d <= 0)
			has_a = select_next(a);
		if (d >= 0)
			has_b = select_next(b);
	}
}

bool
verify_search(struct sqlite3 *db, const char *table, int64_t *ret_doc,
    int64_t *ret_count)
{
	struct select	a, b;
	bool		ok;

	*ret_count = 0;
	a = select_begin_with(db, "SELECT doc, term, col, offset FROM %s_a",
	    table);
	b = select_begin_with(db, "SELECT doc, term, col, offset FROM %s_b",
	    table);
	if (!a.failed && !b.failed)
		walk_both(&a, &b, ret_doc, ret_count);
	ok = !a.failed && !b.failed;
	if (!ok)
		cli_fail("the search index cannot be read: %s",
		    select_error(db));
	(void)select_end(&a);
	(void)select_end(&b);
	return ok;
}
