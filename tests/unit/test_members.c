/* gateway/stage/decode/members.c */
#include "exchange.h"
#include "fakes.h"

#include "gateway/stage/decode/members.h"

static enum flow
decode(struct visit *v, const char *method, const char *url, const char *body)
{
	responded_clear();
	visit_begin_body(v, method, url, body);
	return members_decode(&v->x);
}

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
		    "category_id has more than 64 bits: line 1, column " },
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
			check_true("without the text there", strstr(
			    responded.message, " near '") == NULL);
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
every_fault_is_told(void **state)
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
		{ "POST", "posts", "{\"ticket_id\":1,\"content\":\"abcde\","
		    "\"upload_ids\":[1,\"2\"]}", "wrong_type", "upload_ids", 1 },
		{ "POST", "posts", "{\"ticket_id\":1,\"content\":\"abcde\","
		    "\"upload_ids\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,"
		    "18,19,20,21]}", "too_many", "upload_ids", 1 },
		{ "POST", "posts", "{\"ticket_id\":1,\"content\":\"abcde\","
		    "\"upload_ids\":99999999999999999999}", "out_of_range",
		    "upload_ids", 1 },
		{ "POST", "posts", "{\"ticket_id\":1,\"content\":\"abcde\","
		    "\"upload_ids\":[1,99999999999999999999]}", "wrong_type",
		    "upload_ids", 1 },
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
ids_are_taken_as_an_array(void **state)
{
	static const struct { const char *ids, *want; } rows[] = {
		{ "[]", "" },
		{ "[7]", "[7]" },
		{ "[ 7, -9223372036854775808 ,7]",
		    "[7,-9223372036854775808,7]" },
	};
	struct visit	v;
	char		body[120];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(body, sizeof(body), "{\"ticket_id\":1,"
		    "\"content\":\"abcde\",\"upload_ids\":%s}", rows[i].ids);
		check_number(body, decode(&v, "POST", "/flicket-api/posts",
		    body), FLOW_NEXT);
		check_text(body, args_text(&v.x.args, KEY_UPLOAD_IDS),
		    text_of(rows[i].want));
		visit_end(&v);
	}
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
		flow = members_decode(&v.x);
		check_number(row, flow, rows[i].want ? FLOW_NEXT : FLOW_DONE);
		check_number(row, responded.error, rows[i].want ? OK :
		    ERR_BAD_MEDIA_TYPE);
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a body is checked, and what is wrong with it is said",
		    bodies_are_checked),
		TEST("a route refuses fields that it does not take",
		    fields_are_what_a_route_takes),
		TEST("all faults of a body are told, the first one first",
		    every_fault_is_told),
		TEST("values outlive the document they came in",
		    values_outlive_the_document),
		TEST("ids are taken as an array", ids_are_taken_as_an_array),
		TEST("a body is JSON by its type, or not taken",
		    bodies_are_json_by_type),
	};

	return cmocka_run_group_tests_name("members", tests, visit_routes, NULL);
}
