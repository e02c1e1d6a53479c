/* gateway/stage/decode.c */
#include "exchange.h"
#include "fakes.h"

#include <stdlib.h>

#include "base/log.h"

#include "gateway/stage/decode.h"

static int
start(void **state)
{
	(void)state;
	routes_init();
	return 0;
}

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
		is = decode_integer((struct text){ copy, rows[i].in.len }, &n);
		check_number(rows[i].in.base, is, rows[i].want);
		if (is)
			check_number(rows[i].in.base, n, rows[i].n);
		free(copy);
	}
}

static enum flow
decode(struct visit *v, const char *method, const char *url, const char *body)
{
	responded_clear();
	visit_begin(v, method, url);
	assert_non_null(v->x.route);
	v->req.entity = h2o_iovec_init(body, strlen(body));
	return decode_begin(&v->x);
}

static void
pages_below_the_first_are_not_there(void **state)
{
	static const char *const	rows[] = {
		"page=0", "page=-1", "per_page=0", "per_page=-5"
	};
	struct visit			v;
	struct buf			url = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		url.len = 0;
		buf_printf(&url, "/flicket-api/users/?%s", rows[i]);
		buf_put_byte(&url, '\0');
		check_number(rows[i], decode(&v, "GET", url.base, ""),
		    FLOW_DONE);
		check_number(rows[i], responded.error, ERR_NOT_FOUND);
		visit_end(&v);
	}
	buf_done(&url);
}

static void
pages_are_taken_from_the_query(void **state)
{
	static const struct { const char *query; int64_t page, per_page; }
	rows[] = {
		{ "", 1, 50 },
		{ "?", 1, 50 },
		{ "?page=2&per_page=10", 2, 10 },
		{ "?per_page=10&page=2", 2, 10 },
		{ "?page=%32&per_page=1%30", 2, 10 },
		{ "?page=+2+", 2, 50 },
		{ "?p%61ge=2", 2, 50 },
		{ "?page=", 1, 50 },
		{ "?page", 1, 50 },
		{ "?page=x&per_page=y", 1, 50 },
		{ "?page=x&page=3", 3, 50 },
		{ "?page=2&page=3", 2, 50 },
		{ "?per_page=100", 1, 100 },
		{ "?per_page=101", 1, 100 },
		{ "?per_page=99999999999999999999", 1, 100 },
		{ "?page=99999999999999999999", INT64_MAX, 50 },
		{ "?&&page=2&&", 2, 50 },
		{ "?page=1e3&per_page=2.5", 1, 50 },
		{ "?page=1e%2B3&per_page=-2.", 1, 50 },
		{ "?page=+2e3+", 1, 50 },
		{ "?page=,2&per_page=x2", 1, 50 },
		{ "?page=0x10&per_page=5%00", 1, 50 },
		{ "?page=1__0&per_page=5+6", 1, 50 },
	};
	struct visit	v;
	struct buf	url = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		url.len = 0;
		buf_printf(&url, "/flicket-api/users/%s", rows[i].query);
		buf_put_byte(&url, '\0');
		check_number(rows[i].query, decode(&v, "GET", url.base, ""),
		    FLOW_NEXT);
		check_true(rows[i].query, keyset_equals(
		    args_keys(&v.x.args), K(PAGE, PER_PAGE)));
		check_number(rows[i].query, args_number(&v.x.args, KEY_PAGE, 0),
		    rows[i].page);
		check_number(rows[i].query,
		    args_number(&v.x.args, KEY_PER_PAGE, 0), rows[i].per_page);
		visit_end(&v);
	}
	buf_done(&url);
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
	};
	struct visit	v;
	char		url[80];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].url);
		check_number(url, decode(&v, "GET", url, ""), FLOW_DONE);
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
	decode(&v, "GET", "/flicket-api/tickets/4/?page=9&per_page=2", "");
	check_number("page", args_number(&v.x.args, KEY_PAGE, 0), 4);
	check_number("per page", args_number(&v.x.args, KEY_PER_PAGE, 0), 2);
	visit_end(&v);
	decode(&v, "GET", "/flicket-api/posts/4/", "");
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
		check_number(rows[i].query, decode(&v, "GET", url.base, ""),
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

/* A service cannot tell whether the client has what is included, too. */
static void
services_compare_the_tags_that_they_know(void **state)
{
	static char	long_tags[1100];
	const struct { const char *url, *tags, *accepts, *want; } rows[] = {
		{ "tickets/", "\"a\"", NULL, "\"a\"" },
		{ "tickets/", "\"a.gzip\"", "gzip", "\"a\"" },
		{ "ticket/5", "\"x\", W/\"a.gzip\"", "gzip",
		    "\"x\", W/\"a\"" },
		{ "ticket/5", "\"a.gzip\"", NULL, "\"a.gzip\"" },
		{ "tickets/?include=users", "\"a\"", NULL, "" },
		{ "ticket/5", long_tags, NULL, "" },
		{ "tickets.csv", "\"a\"", NULL, "" },
	};
	struct visit	v;
	char		url[64];

	(void)state;
	memset(long_tags, 'x', sizeof(long_tags) - 1);
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].url);
		responded_clear();
		visit_begin(&v, "GET", url);
		visit_header(&v, H2O_TOKEN_IF_NONE_MATCH, rows[i].tags);
		if (rows[i].accepts != NULL)
			visit_header(&v, H2O_TOKEN_ACCEPT_ENCODING,
			    rows[i].accepts);
		check_number(url, decode_begin(&v.x), FLOW_NEXT);
		check_text(rows[i].tags, args_text(&v.x.args,
		    KEY_IF_NONE_MATCH), text_of(rows[i].want));
		visit_end(&v);
	}
}

/* --- bodies ------------------------------------------------------------ */

#define TICKET(title, content, category, priority) \
	"{\"title\":" title ",\"content\":" content ",\"category_id\":" \
	category ",\"ticket_priority_id\":" priority "}"
#define GOOD	TICKET("\"abc\"", "\"abcde\"", "1", "2")

static void
bodies_are_checked(void **state)
{
	static const char	missing[] = "Must include title, content, "
				    "category_id and ticket_priority_id.";
	static const char	integers[] = "ticket_priority_id and "
				    "category_id must be integers.";
	static const struct { const char *name, *body, *want; } rows[] = {
		{ "good", GOOD, NULL },
		{ "with more", "{\"id\":1,\"actor\":2,\"x\":[],"
		    "\"title\":\"abc\",\"content\":\"abcde\",\"category_id\":1,"
		    "\"ticket_priority_id\":2}", NULL },
		{ "nothing", "", missing },
		{ "an empty object", "{}", missing },
		{ "an array", "[]", missing },
		{ "one missing", "{\"title\":\"abc\",\"content\":\"abcde\","
		    "\"category_id\":1}", missing },
		{ "missing comes first", "{\"title\":1}", missing },
		{ "text for a number", TICKET("\"abc\"", "\"abcde\"", "\"1\"",
		    "2"), integers },
		{ "numbers come before texts", TICKET("1", "1", "1", "null"),
		    integers },
		{ "a real", TICKET("\"abc\"", "\"abcde\"", "1.0", "2"),
		    integers },
		{ "true", TICKET("\"abc\"", "\"abcde\"", "true", "2"),
		    integers },
		{ "number for a text", TICKET("5", "\"abcde\"", "1", "2"),
		    "title must be a text of 3 to 128 characters." },
		{ "null for a text", TICKET("\"abc\"", "null", "1", "2"),
		    "content must be a text of 5 to 5000 characters." },
		{ "too short", TICKET("\"ab\"", "\"abcde\"", "1", "2"),
		    "title must be 3 to 128 characters long, this one has 2." },
		{ "two emoji", TICKET("\"\\ud83d\\ude00\\ud83d\\ude00\"",
		    "\"abcde\"", "1", "2"),
		    "title must be 3 to 128 characters long, this one has 2." },
		{ "a NUL", TICKET("\"ab\\u0000c\"", "\"abcde\"", "1", "2"),
		    "title has a character that cannot be stored (U+0000)." },
		{ "half a pair", TICKET("\"ab\\ud83d\"", "\"abcde\"", "1", "2"),
		    "The body is not JSON: line 1" },
		{ "no JSON", "title=abc", "The body is not JSON: line 1, "
		    "column 5: " },
		{ "only a value", "5", "Must include title" },
		{ "null", "null", "Must include title" },
		{ "cut off", "{\"title\":", "The body is not JSON" },
		{ "with a byte order mark", "\xef\xbb\xbf" GOOD, NULL },
		{ "with more behind it", GOOD "x", "The body is not JSON" },
		{ "no UTF-8", TICKET("\"ab\xff\"", "\"abcde\"", "1", "2"),
		    "The body is not JSON" },
		{ "a number beyond all", TICKET("\"abc\"", "\"abcde\"",
		    "99999999999999999999", "2"),
		    "A number has more than 64 bits: line 1, column " },
	};
	struct visit	v;
	enum flow	flow;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		flow = decode(&v, "POST", "/flicket-api/tickets/",
		    rows[i].body);
		check_number(rows[i].name, flow, rows[i].want == NULL ?
		    FLOW_NEXT : FLOW_DONE);
		if (rows[i].want == NULL)
			check_true(rows[i].name, keyset_equals(
			    args_keys(&v.x.args), K(TITLE, CONTENT,
			    CATEGORY_ID, TICKET_PRIORITY_ID)));
		else {
			check_number(rows[i].name, responded.error,
			    ERR_BAD_REQUEST);
			check_part(rows[i].name, responded.message,
			    rows[i].want);
		}
		visit_end(&v);
	}
}

/* Routes that came later than Flicket refuse what they do not know. */
static void
fields_are_what_a_route_takes(void **state)
{
	static const struct { const char *name, *method, *url, *body, *want; }
	rows[] = {
		{ "one it takes", "POST", "groups/",
		    "{\"group_name\":\"a group\"}", NULL },
		{ "one that nobody knows", "POST", "groups/",
		    "{\"group_name\":\"a group\",\"x\":1}",
		    "There is no field \"x\" here." },
		{ "one of other routes", "POST", "groups/",
		    "{\"group_name\":\"a group\",\"title\":\"abc\"}",
		    "There is no field \"title\" here." },
		{ "one that the gateway sets", "POST", "groups/",
		    "{\"group_name\":\"a group\",\"asked_with\":\"x\"}",
		    "There is no field \"asked_with\" here." },
		{ "two decimals", "PATCH", "post/5", "{\"hours\":1.25}", NULL },
		{ "three decimals", "PATCH", "post/5", "{\"hours\":1.255}",
		    "hours must be a number from 0 to 99999999.99" },
		{ "less than none", "PATCH", "post/5", "{\"hours\":-0.01}",
		    "hours must be a number from 0 to 99999999.99" },
		{ "most", "PATCH", "post/5", "{\"hours\":99999999.99}", NULL },
		{ "more", "PATCH", "post/5", "{\"hours\":100000000}",
		    "hours must be a number from 0 to 99999999.99" },
	};
	struct visit	v;
	char		url[64];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].url);
		check_number(rows[i].name, decode(&v, rows[i].method, url,
		    rows[i].body), rows[i].want == NULL ? FLOW_NEXT :
		    FLOW_DONE);
		check_part(rows[i].name, responded.message,
		    rows[i].want == NULL ? "" : rows[i].want);
		visit_end(&v);
	}
}

static void
all_faults_are_told(void **state)
{
	static const struct { const char *method, *url, *body, *code, *field;
	    unsigned count; } rows[] = {
		{ "POST", "tickets/", "{}", "required", "category_id", 4 },
		{ "POST", "tickets/", TICKET("\"ab\"", "5", "true", "2"),
		    "wrong_type", "category_id", 3 },
		{ "POST", "tickets/", TICKET("\"ab\"", "\"abcde\"", "1", "2"),
		    "too_short", "title", 1 },
		{ "POST", "users/", "{\"username\":\"ab\",\"x\":1}",
		    "required", "name", 5 },
		{ "PATCH", "ticket/1", "{\"title\":\"a\",\"hours\":-1,"
		    "\"\":1}", "unknown_field", "", 3 },
		{ "PATCH", "ticket/1", "{\"hours\":\"1\"}", "wrong_type",
		    "hours", 1 },
		{ "PATCH", "ticket/1", "[1]", "wrong_type", "", 1 },
		{ "PATCH", "ticket/1", "{", "invalid_json", "", 1 },
		{ "GET", "tickets/?x=1&status=&y=2&id=3", "",
		    "unknown_parameter", "x", 4 },
		{ "GET", "tickets/?status=a&status=b", "", "repeated",
		    "status", 1 },
	};
	struct visit	v;
	char		url[64];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].url);
		check_number(rows[i].body, decode(&v, rows[i].method, url,
		    rows[i].body), FLOW_DONE);
		check_number(url, responded.error, ERR_BAD_REQUEST);
		check_string(url, responded.code, rows[i].code);
		check_string(url, responded.field, rows[i].field);
		check_number(url, responded.faults, rows[i].count);
		visit_end(&v);
	}
}

/* What the digest of a request is with an Idempotency-Key. */
static void
digest_of(const char *method, const char *url, const char *body,
    unsigned char ret[32])
{
	struct visit	v;
	enum flow	flow;

	responded_clear();
	visit_begin(&v, method, url);
	v.req.entity = h2o_iovec_init(body, strlen(body));
	h2o_add_header_by_str(&v.req.pool, &v.req.headers,
	    H2O_STRLIT("idempotency-key"), 1, NULL, H2O_STRLIT("key"));
	flow = decode_begin(&v.x);
	check_number(url, flow, FLOW_NEXT);
	check_number(url, (int64_t)args_text(&v.x.args, KEY_DIGEST).len, 32);
	memcpy(ret, args_text(&v.x.args, KEY_DIGEST).base, 32);
	visit_end(&v);
}

static void
requests_differ_by_path_and_body(void **state)
{
	unsigned char	first[32], same[32], path[32], body[32];

	(void)state;
	digest_of("POST", "/flicket-api/ticket/1/claim", "{}", first);
	digest_of("POST", "/flicket-api/ticket/1/claim", "{}", same);
	digest_of("POST", "/flicket-api/ticket/2/claim", "{}", path);
	digest_of("POST", "/flicket-api/ticket/1/claim", "{ }", body);
	check_true("the same", memcmp(first, same, 32) == 0);
	check_true("of another ticket", memcmp(first, path, 32) != 0);
	check_true("with another body", memcmp(first, body, 32) != 0);
}

static void
values_outlive_the_document(void **state)
{
	struct visit	v;

	(void)state;
	decode(&v, "POST", "/flicket-api/tickets/", TICKET(
	    "\" \\u00e9|\\\"\\n\"", "\"abc\\nde\"", "-9223372036854775808",
	    "9223372036854775807"));
	check_number("answered", responded.error, OK);
	check_text("title", args_text(&v.x.args, KEY_TITLE),
	    TEXT_OF("\xc3\xa9|\""));
	check_text("content", args_text(&v.x.args, KEY_CONTENT),
	    TEXT_OF("abc\nde"));
	check_number("least", args_number(&v.x.args, KEY_CATEGORY_ID, 0),
	    INT64_MIN);
	check_number("most", args_number(&v.x.args, KEY_TICKET_PRIORITY_ID, 0),
	    INT64_MAX);
	visit_end(&v);
}

static void
bodies_are_json_by_type(void **state)
{
	static const struct { const char *type; bool want; } rows[] = {
		{ NULL, true },
		{ "", true },
		{ "application/json", true },
		{ "Application/JSON", true },
		{ "application/json; charset=utf-8", true },
		{ "application/json ;charset=utf-8", true },
		{ "; charset=utf-8", true },
		{ "application/problem+json", true },
		{ "application/vnd.desk+JSON; v=1", true },
		{ "application/+json", false },
		{ "text/json", false },
		{ "text/plain", false },
		{ "text/x+json", false },
		{ "application/jsonx", false },
		{ "application/xjson", false },
		{ "application/x-www-form-urlencoded", false },
		{ "json", false },
	};
	struct visit	v;
	enum flow	flow;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		const char	*row = rows[i].type == NULL ? "none" :
				    rows[i].type;

		responded_clear();
		visit_begin(&v, "POST", "/flicket-api/departments/");
		v.req.entity = h2o_iovec_init(
		    H2O_STRLIT("{\"department\":\"Post\"}"));
		if (rows[i].type != NULL)
			visit_header(&v, H2O_TOKEN_CONTENT_TYPE, rows[i].type);
		flow = decode_begin(&v.x);
		check_number(row, flow, rows[i].want ? FLOW_NEXT : FLOW_DONE);
		check_number(row, responded.error, rows[i].want ? OK :
		    ERR_BAD_MEDIA_TYPE);
		visit_end(&v);
	}
}

static void
what_takes_no_body_looks_at_none(void **state)
{
	struct visit	v;

	(void)state;
	check_number("GET", decode(&v, "GET", "/flicket-api/ticket/5?id=9",
	    "no JSON"), FLOW_NEXT);
	check_number("id", args_number(&v.x.args, KEY_ID, 0), 5);
	visit_end(&v);
	check_number("POST", decode(&v, "POST", "/flicket-api/tokens",
	    "no JSON"), FLOW_NEXT);
	check_true("nothing", keyset_is_empty(args_keys(&v.x.args)));
	visit_end(&v);
	check_number("DELETE", decode(&v, "DELETE", "/flicket-api/tokens",
	    "no JSON"), FLOW_NEXT);
	visit_end(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("whole numbers are read as Python reads them",
		    integers_are_read_as_python_does),
		TEST("pages are taken from the query, or are the first",
		    pages_are_taken_from_the_query),
		TEST("pages below the first are not there",
		    pages_below_the_first_are_not_there),
		TEST("what a list does not take is refused",
		    what_a_list_does_not_take_is_refused),
		TEST("a number in the path counts, not that in the query",
		    a_page_in_the_path_counts),
		TEST("filters are taken as they came, the first of each",
		    filters_are_taken_as_they_came),
		TEST("services compare the tags that they know",
		    services_compare_the_tags_that_they_know),
		TEST("a body is checked, and what is wrong with it is said",
		    bodies_are_checked),
		TEST("a route refuses fields that it does not take",
		    fields_are_what_a_route_takes),
		TEST("all faults of a request are told, the first one first",
		    all_faults_are_told),
		TEST("requests differ by their paths and bodies",
		    requests_differ_by_path_and_body),
		TEST("values outlive the document they came in",
		    values_outlive_the_document),
		TEST("a body is JSON by its type, or not taken",
		    bodies_are_json_by_type),
		TEST("what takes no body does not look at one",
		    what_takes_no_body_looks_at_none),
	};

	return cmocka_run_group_tests_name("decode", tests, start, NULL);
}
