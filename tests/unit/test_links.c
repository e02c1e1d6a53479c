/* gateway/reply/links.c */
#include "exchange.h"
#include "fakes.h"

#include <stdlib.h>

#include "base/log.h"
#include "gateway/reply/links.h"

#define API	"http://desk/flicket-api/"

static void
paths_get_their_numbers(void **state)
{
	static const struct { struct piece pieces[PIECES_MOST];
	    const char *want; } rows[] = {
		{ { { TEXT_OF("tickets/"), KEY_END } }, API "tickets/" },
		{ { { TEXT_OF("ticket/"), KEY_ID }, { TEXT_OF(""), KEY_END } },
		    API "ticket/7" },
		{ { { TEXT_OF("tickets/"), KEY_PAGE },
		    { TEXT_OF("/"), KEY_END } }, API "tickets/3/" },
		{ { { TEXT_OF("posts/"), KEY_TICKET_ID },
		    { TEXT_OF("/"), KEY_PAGE }, { TEXT_OF("/"), KEY_END } },
		    API "posts/-5/3/" },
		{ { { TEXT_OF("actions/"), KEY_USER_ID },
		    { TEXT_OF(""), KEY_END } }, API "actions/0" },
		{ { { TEXT_OF(""), KEY_END } }, API },
	};
	struct visit	v;
	struct args	args = { 0 };
	struct buf	b = { 0 };

	(void)state;
	visit_begin(&v, "GET", "/");
	args_put_number(&args, KEY_ID, 7);
	args_put_number(&args, KEY_TICKET_ID, -5);
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = 0;
		links_put_path(&b, &v.x, rows[i].pieces, &args, 3);
		check_text(rows[i].want, buf_text(&b), text_of(rows[i].want));
	}
	buf_done(&b);
	visit_end(&v);
}

/* The head of a list, from page, items on a page, and items. */
static void
put_head(const char *url, int64_t page, int64_t per_page, int64_t total,
    struct buf *ret)
{
	struct visit	v;

	visit_begin(&v, "GET", url);
	assert_non_null(v.x.route);
	args_put_number(&v.x.args, KEY_PAGE, page);
	args_put_number(&v.x.args, KEY_PER_PAGE, per_page);
	ret->len = 0;
	links_put_list_head(ret, &v.x, total);
	visit_end(&v);
}

static void
lists_link_to_their_pages(void **state)
{
#define T(page)	"\"" API "tickets/" page "/?per_page=2\""
#define U(page)	"\"" API "users/?page=" page "&per_page=2\""
	static const struct { const char *name, *url; int64_t page, total;
	    const char *next, *prev, *self; int64_t pages; } rows[] = {
		{ "nothing", "/flicket-api/tickets/", 1, 0, "null", "null",
		    T("1"), 0 },
		{ "one page", "/flicket-api/tickets/", 1, 2, "null", "null",
		    T("1"), 1 },
		{ "the first", "/flicket-api/tickets/", 1, 3, T("2"), "null",
		    T("1"), 2 },
		{ "the last", "/flicket-api/tickets/2/", 2, 3, "null", T("1"),
		    T("2"), 2 },
		{ "in the middle", "/flicket-api/tickets/2/", 2, 5, T("3"),
		    T("1"), T("2"), 3 },
		{ "in the query", "/flicket-api/users/", 2, 5, U("3"), U("1"),
		    U("2"), 3 },
	};
#undef T
#undef U
	struct buf	b = { 0 }, want = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		put_head(rows[i].url, rows[i].page, 2, rows[i].total, &b);
		want.len = 0;
		buf_printf(&want, "{\"_links\":{\"next\":%s,\"prev\":%s,"
		    "\"self\":%s},\"_meta\":{\"page\":%lld,\"per_page\":2,"
		    "\"total_items\":%lld,\"total_pages\":%lld},\"items\":",
		    rows[i].next, rows[i].prev, rows[i].self,
		    (long long)rows[i].page, (long long)rows[i].total,
		    (long long)rows[i].pages);
		check_text(rows[i].name, buf_text(&b), buf_text(&want));
	}
	buf_done(&b);
	buf_done(&want);
}

static void
the_most_there_is_does_no_harm(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	put_head("/flicket-api/tickets/", 1, 1, INT64_MAX, &b);
	buf_put_byte(&b, '\0');
	check_part("pages", b.base, "\"total_pages\":9223372036854775807}");
	put_head("/flicket-api/tickets/", 1, INT64_MAX, INT64_MAX, &b);
	buf_put_byte(&b, '\0');
	check_part("one page", b.base, "\"total_pages\":1}");
	buf_done(&b);
}

static void
filters_stay_in_links(void **state)
{
	static const struct { const char *in; size_t len; const char *want; }
	rows[] = {
		{ "IT", 2, "IT" },
		{ "a b", 3, "a+b" },
		{ "a+b", 3, "a%2Bb" },
		{ "x&y=z", 5, "x%26y%3Dz" },
		{ "-_.~09AZaz", 10, "-_.~09AZaz" },
		{ "\"\\<>", 4, "%22%5C%3C%3E" },
		{ "\xc3\xa9", 2, "%C3%A9" },
		{ "\xff\x00\x01", 3, "%FF%00%01" },
		{ "%", 1, "%25" },
	};
	struct visit	v;
	struct buf	b = { 0 }, want = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "GET", "/flicket-api/categories/");
		assert_non_null(v.x.route);
		args_put_number(&v.x.args, KEY_PAGE, 1);
		args_put_number(&v.x.args, KEY_PER_PAGE, 50);
		v.x.filters[0] = (struct filter){ KEY_DEPARTMENT_ID,
		    TEXT_OF(" 1 ") };
		v.x.filters[1] = (struct filter){ KEY_DEPARTMENT,
		    { rows[i].in, rows[i].len } };
		v.x.filter_count = 2;
		b.len = want.len = 0;
		links_put_list_head(&b, &v.x, 0);
		buf_put_byte(&b, '\0');
		buf_printf(&want, "categories/?page=1&per_page=50&"
		    "department_id=+1+&department=%s\"", rows[i].want);
		buf_put_byte(&want, '\0');
		check_part(rows[i].want, b.base, want.base);
		visit_end(&v);
	}
	buf_done(&b);
	buf_done(&want);
}

/* The header Link, or "". */
static struct text
link_of(const struct visit *v)
{
	ssize_t	at = h2o_find_header(&v->req.res.headers, H2O_TOKEN_LINK, -1);

	return at == -1 ? (struct text){ "", 0 } : (struct text){
	    v->req.res.headers.entries[at].value.base,
	    v->req.res.headers.entries[at].value.len };
}

/* Append what the header has, by the filter's length: "next prev ", ... */
static void
put_relations(struct buf *ret, size_t filter, const char *cursor)
{
	static const char	*const names[] = { "next", "prev", "first",
				    "last" };
	static const struct answer answer = { .id = 0 };
	struct answer		 more = answer;
	struct visit		 v;
	char			*value = must_alloc(filter + 1), rel[20];
	struct text		 link;

	visit_begin(&v, "GET", "/flicket-api/tickets/");
	args_put_number(&v.x.args, KEY_PAGE, 100);
	args_put_number(&v.x.args, KEY_PER_PAGE, 1);
	if (cursor != NULL) {
		args_put_text(&v.x.args, KEY_CURSOR, TEXT_OF("old"));
		args_put_text(&more.extra, KEY_CURSOR, text_of(cursor));
	}
	v.x.answer = &more;
	memset(value, 'a', filter);
	v.x.filters[0] = (struct filter){ KEY_CONTENT, { value, filter } };
	v.x.filter_count = 1;
	links_put_header(&v.x, 101);
	link = link_of(&v);
	check_true("bounded", link.len <= 8192);
	ret->len = 0;
	for (size_t i = 0; i < LEN(names); i++) {
		snprintf(rel, sizeof(rel), "rel=\"%s\"", names[i]);
		if (memmem(link.base, link.len, rel, strlen(rel)) != NULL)
			buf_printf(ret, "%s ", names[i]);
	}
	free(value);
	visit_end(&v);
}

static void
a_link_header_is_bounded(void **state)
{
	static const struct { const char *name; size_t filter; const char
	    *cursor, *want; } rows[] = {
		{ "short", 10, NULL, "next prev first last " },
		{ "all fit", 1950, NULL, "next prev first last " },
		{ "no last", 2010, NULL, "next prev first " },
		{ "next and prev", 3000, NULL, "next prev " },
		{ "next", 8122, NULL, "next " },
		{ "only prev would", 8123, NULL, "" },
		{ "none", 9000, NULL, "" },
		{ "a cursor", 6000, "new", "next " },
		{ "a cursor, too long", 8200, "new", "" },
		{ "the end of a walk", 10, "", "" },
	};
	struct buf	b = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		put_relations(&b, rows[i].filter, rows[i].cursor);
		check_text(rows[i].name, buf_text(&b), text_of(rows[i].want));
	}
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a path gets its numbers, and the page its own",
		    paths_get_their_numbers),
		TEST("a list links to the pages that there are",
		    lists_link_to_their_pages),
		TEST("the most there is does no harm",
		    the_most_there_is_does_no_harm),
		TEST("filters stay in links, encoded", filters_stay_in_links),
		TEST("a header of links has 8 kB at most",
		    a_link_header_is_bounded),
	};

	return cmocka_run_group_tests_name("links", tests, visit_routes, NULL);
}
