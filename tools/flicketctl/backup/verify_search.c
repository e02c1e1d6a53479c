/*
 * Two search indexes side by side. Both give their words in the same order,
 * so one walk along both finds every word that only one of them has.
 */
#include "tools/flicketctl/backup/verify.h"

#include <stdio.h>
#include <string.h>

#include "tools/flicketctl/backup/backup_files.h"
#include "tools/flicketctl/backup/verify_findings.h"
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

/* --- an index, and one that is made anew ------------------------------------- */

/*
 * An index of words, and how one is made anew of the texts it is of. Texts that
 * have yet to enter it are left out (services/ticket/migrations/007_words.sql).
 */
static const struct search_index {
	const char	*name;
	const char	*what;
	const char	*make;
	const char	*fill;
	const char	*one;	/* what a row is of */
	int64_t		 ids;	/* bits of a row's number that are its id */
	unsigned	 from;	/* events of these services change it */
} search_indexes[] = {
#define MAKE(name, columns) \
	"CREATE VIRTUAL TABLE temp." name "_new USING fts5 (" columns ", " \
	"content = '', tokenize = 'ascii')"
	{ "ticket_words", "tickets whose words are not found, or others are",
	    MAKE("ticket_words", "title, content"),
	    "INSERT INTO temp.ticket_words_new (rowid, title, content) "
	    "SELECT id, words(title), words(content) "
	    "FROM ticket.tickets t JOIN ticket.search_form f "
	    "WHERE id <= ifnull(f.ticket_id, id) OR EXISTS (SELECT 1 FROM "
	    "ticket.ticket_words_docsize d WHERE d.id = t.id)",
	    "ticket", INT64_MAX, 0 },
	{ "reply_words", "replies whose words are not found, or others are",
	    MAKE("reply_words", "content"),
	    "INSERT INTO temp.reply_words_new (rowid, content) SELECT "
	    "p.ticket_id * 4294967296 + p.id, words(p.content) "
	    "FROM post.posts p JOIN ticket.replies r ON r.post_id = p.id "
	    "JOIN ticket.search_form f WHERE p.id <= ifnull(f.post_id, p.id) "
	    "OR EXISTS (SELECT 1 FROM ticket.reply_words_docsize d "
	    "WHERE d.id = p.ticket_id * 4294967296 + p.id) ORDER BY 1",
	    "post", UINT32_MAX, 1u << SERVICE_TICKET | 1u << SERVICE_POST },
};

/* False: an index, the store's or the new one, cannot be read or made. */
static bool
compare_index(struct verify *v, const struct search_index *x,
    int64_t *ret_row, int64_t *ret_count)
{
	char	sql[1280];

	snprintf(sql, sizeof(sql), "%s;%s;CREATE VIRTUAL TABLE "
	    "temp.%s_a USING fts5vocab(ticket, %s, instance);"
	    "CREATE VIRTUAL TABLE temp.%s_b USING fts5vocab(temp, "
	    "%s_new, instance)", x->make, x->fill, x->name, x->name, x->name,
	    x->name);
	if (!select_execute(v->cut.db, sql))
		return cli_fail("%s", select_error(v->cut.db));
	snprintf(sql, sizeof(sql), "temp.%s", x->name);
	return verify_search(v->cut.db, sql, ret_row, ret_count);
}

/* An index of another form is made anew when its service starts. */
static bool
is_of_own_form(struct verify *v)
{
	struct select	form = select_begin_with(v->cut.db, "SELECT form = %s "
			    "FROM ticket.search_form", "words_form()");
	bool		own = select_next(&form) && select_number(&form, 0);

	return select_end(&form) && own;
}

void
verify_words(struct verify *v)
{
	struct found	f = { 0 };
	int64_t		row = 0;

	for (size_t i = 0; i < 2 && is_of_own_form(v); i++) {
		const struct search_index	*x = &search_indexes[i];
		char				 example[96];

		if ((v->under_way[SERVICE_TICKET] & x->from) != 0)
			continue;
		if (!compare_index(v, x, &row, &f.count)) {
			v->failed = true;
			return;
		}
		snprintf(example, sizeof(example), "%s %lld", x->one,
		    (long long)(row & x->ids));
		if (f.count > 0)
			f.examples = json_pack("[s]", example);
		verify_found_done(v->findings, "search", x->what, &f);
	}
}
