/* gateway/stage/decode/query.c */
#include "exchange.h"
#include "fakes.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "gateway/stage/decode/query.h"

static void
integers_are_read_as_python_does(void **state)
{
#define YES(in, n)	{ TEXT_OF(in), true, n }
#define NO(in)		{ TEXT_OF(in), false, 0 }
	static const struct { struct text in; bool want; int64_t n; } rows[] = {
		YES("5", 5), YES(" 5 ", 5), YES("+5", 5), YES("-5", -5),
		YES("\t\n\v\f\r5\r", 5), YES("1_000", 1000), YES("007", 7),
		YES("0", 0), YES("-0", 0), YES("0_0", 0), YES("-1_0", -10),
		YES("9223372036854775807", INT64_MAX),
		YES("-9223372036854775807", -INT64_MAX),
		YES("-9223372036854775808", INT64_MIN),
		YES("-99999999999999999999", INT64_MIN),
		YES("9223372036854775808", INT64_MAX),
		YES("99999999999999999999", INT64_MAX),
		YES("18446744073709551617", INT64_MAX),
		YES("184467440737095516165", INT64_MAX),
		YES("99999999999999999999999999999999999999999", INT64_MAX),
		NO(""), NO(" "), NO("-"), NO("+"), NO("_1"), NO("1_"),
		NO("1__0"), NO("_"), NO("-_1"), NO("1_ "), NO("+-5"), NO("--5"),
		NO("- 5"), NO("1 0"), NO("abc"), NO("1e3"), NO("1.0"),
		NO("0x10"), NO("5a"), NO("a5"), NO("5\0"), NO("\0"), NO("1,0"),
		NO("\xd9\xa3"), /* an Arabic 3: no number here */
		NO("99999999999999999999x"), NO("\xff"),
	};
#undef YES
#undef NO
	char	*copy;
	int64_t	 n;
	bool	 is;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		/* of just that size, so that reading beyond it is seen */
		copy = must_alloc(rows[i].in.len == 0 ? 1 : rows[i].in.len);
		memcpy(copy, rows[i].in.base, rows[i].in.len);
		n = 0;
		is = query_integer((struct text){ copy, rows[i].in.len }, &n);
		check_number(rows[i].in.base, is, rows[i].want);
		if (is)
			check_number(rows[i].in.base, n, rows[i].n);
		free(copy);
	}
}

static enum flow
decode(struct visit *v, const char *url)
{
	responded_clear();
	visit_begin(v, "GET", url);
	assert_non_null(v->x.route);
	return v->req.query_at == SIZE_MAX ? FLOW_NEXT : query_decode(&v->x);
}

/* Typing errors, which must not be answered with a whole list. */
static void
what_a_list_does_not_take_is_refused(void **state)
{
	static const struct { const char *url, *code, *field; unsigned count; }
	rows[] = {
		{ "users/?page=2,per_page=5", "wrong_type", "page", 1 },
		{ "users/?page=2;per_page=10", "wrong_type", "page", 1 },
		{ "users/?per_page=5%20x&page=2", "wrong_type", "per_page", 1 },
		{ "users/?page=-1_x", "wrong_type", "page", 1 },
		{ "users/?page=1e", "wrong_type", "page", 1 },
		{ "users/?page=1e3,4", "wrong_type", "page", 1 },
		{ "users/?page=0x10,2", "wrong_type", "page", 1 },
		{ "users/?page=2%c2%a0", "wrong_type", "page", 1 },
		{ "tickets/?page=2,per_page=5", "wrong_type", "page", 1 },
		{ "tickets/2/?page=2,per_page=5", "wrong_type", "page", 1 },
		{ "tickets/?per_page=5px&x=1", "wrong_type", "per_page", 2 },
		{ "posts/1/?page=2,3", "wrong_type", "page", 1 },
		{ "categories/?department_id=1,2", "wrong_type",
		    "department_id", 1 },
		{ "histories/?topic_id=1%20OR%201", "wrong_type", "topic_id",
		    1 },
		{ "users/?PAGE=2", "unknown_parameter", "PAGE", 1 },
		{ "users/?=5", "unknown_parameter", "", 1 },
		{ "users/?limit=7&offset=7&actor=7&now=7&id=7",
		    "unknown_parameter", "limit", 5 },
		{ "users/?email=x", "unknown_parameter", "email", 1 },
		{ "departments/?name=x", "unknown_parameter", "name", 1 },
		{ "groups/?x", "unknown_parameter", "x", 1 },
		{ "tokens/?x=", "unknown_parameter", "x", 1 },
		{ "uploads/2/?post_id=1", "unknown_parameter", "post_id", 1 },
		{ "actions/1?x=1", "unknown_parameter", "x", 1 },
		{ "posts/4/?ticket_id=9", "unknown_parameter", "ticket_id", 1 },
		{ "tickets/?x=1&status=&y=2&id=3", "unknown_parameter", "x",
		    4 },
		{ "tickets/?status=a&status=b", "repeated", "status", 1 },
	};
	struct visit	v;
	char		url[80];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].url);
		check_number(url, decode(&v, url), FLOW_DONE);
		check_number(url, responded.error, ERR_BAD_REQUEST);
		check_string(url, responded.code, rows[i].code);
		check_string(url, responded.field, rows[i].field);
		check_number(url, responded.faults, rows[i].count);
		visit_end(&v);
	}
}

static void
a_page_in_the_path_counts(void **state)
{
	struct visit	v;

	(void)state;
	decode(&v, "/flicket-api/tickets/4/?page=9&per_page=2");
	check_number("page", args_number(&v.x.args, KEY_PAGE, 0), 4);
	check_number("per page", args_number(&v.x.args, KEY_PER_PAGE, 0), 2);
	visit_end(&v);
	decode(&v, "/flicket-api/posts/4/");
	check_number("ticket", args_number(&v.x.args, KEY_TICKET_ID, 0), 4);
	check_number("no filter", v.x.filter_count, 0);
	visit_end(&v);
}

static void
filters_are_taken_as_they_came(void **state)
{
	static const struct { const char *query; unsigned count;
	    const char *department; int64_t department_id; } rows[] = {
		{ "", 0, NULL, 0 },
		{ "?department=IT", 1, "IT", 0 },
		{ "?department=a+%2Bb%26", 1, "a +b&", 0 },
		{ "?department=", 0, NULL, 0 },
		{ "?department=&department=IT", 1, "IT", 0 },
		{ "?department=IT&department=HR", 1, "IT", 0 },
		{ "?department_id=3", 1, NULL, 3 },
		{ "?department_id=+3", 1, NULL, 3 },
		{ "?department_id=x", 1, NULL, INT64_MIN },
		{ "?department_id=1e3", 1, NULL, INT64_MIN },
		{ "?department_id=99999999999999999999", 1, NULL, INT64_MAX },
		{ "?department_id=3&department=IT", 2, "IT", 3 },
		{ "?department=%", 1, "%", 0 },
		{ "?department=%4", 1, "%4", 0 },
		{ "?department=%zz", 1, "%zz", 0 },
		{ "?department=%41%4a%4A", 1, "AJJ", 0 },
		{ "?department=a=b", 1, "a=b", 0 },
	};
	struct visit	v;
	struct buf	url = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		url.len = 0;
		buf_printf(&url, "/flicket-api/categories/%s", rows[i].query);
		buf_put_byte(&url, '\0');
		check_number(rows[i].query, decode(&v, url.base),
		    FLOW_NEXT);
		check_number(rows[i].query, v.x.filter_count, rows[i].count);
		check_number(rows[i].query,
		    args_has(&v.x.args, KEY_DEPARTMENT),
		    rows[i].department != NULL);
		if (rows[i].department != NULL)
			check_text(rows[i].query, args_text(&v.x.args,
			    KEY_DEPARTMENT), text_of(rows[i].department));
		check_number(rows[i].query, args_number(&v.x.args,
		    KEY_DEPARTMENT_ID, 0), rows[i].department_id);
		visit_end(&v);
	}
	buf_done(&url);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("whole numbers are read as Python reads them",
		    integers_are_read_as_python_does),
		TEST("what a list does not take is refused",
		    what_a_list_does_not_take_is_refused),
		TEST("a number in the path counts, not that in the query",
		    a_page_in_the_path_counts),
		TEST("filters are taken as they came, the first of each",
		    filters_are_taken_as_they_came),
	};

	return cmocka_run_group_tests_name("query", tests, visit_routes, NULL);
}
