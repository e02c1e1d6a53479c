/* gateway/core/route.c and its table */
#include "unit.h"

#include "gateway/core/route.h"

static int
start(void **state)
{
	(void)state;
	routes_init();
	return 0;
}

#define BIT(method)	(1U << METHOD_##method)

static void
paths_find_their_routes(void **state)
{
	static const struct { const char *path; enum method method;
	    enum op_code op; unsigned methods; enum key key; int64_t value; }
	rows[] = {
		{ "ticket/5", METHOD_GET, OP_TICKET_GET, BIT(GET), KEY_ID, 5 },
		{ "ticket/0", METHOD_GET, OP_TICKET_GET, BIT(GET), KEY_ID, 0 },
		{ "ticket/007", METHOD_GET, OP_TICKET_GET, BIT(GET), KEY_ID,
		    7 },
		{ "ticket/9223372036854775807", METHOD_GET, OP_TICKET_GET,
		    BIT(GET), KEY_ID, INT64_MAX },
		{ "ticket/9223372036854775808", METHOD_GET, OP_NONE, 0 },
		{ "ticket/99999999999999999999", METHOD_GET, OP_NONE, 0 },
		{ "ticket/-1", METHOD_GET, OP_NONE, 0 },
		{ "ticket/+1", METHOD_GET, OP_NONE, 0 },
		{ "ticket/ 1", METHOD_GET, OP_NONE, 0 },
		{ "ticket/1a", METHOD_GET, OP_NONE, 0 },
		{ "ticket/x", METHOD_GET, OP_NONE, 0 },
		{ "ticket/1/", METHOD_GET, OP_NONE, 0 },
		{ "ticket/1/2", METHOD_GET, OP_NONE, 0 },
		{ "ticket/", METHOD_GET, OP_NONE, 0 },
		{ "ticket", METHOD_GET, OP_NONE, 0 },
		{ "tickets", METHOD_GET, OP_TICKET_LIST, BIT(GET) },
		{ "tickets/", METHOD_GET, OP_TICKET_LIST, BIT(GET) },
		{ "tickets/", METHOD_POST, OP_TICKET_CREATE,
		    BIT(GET) | BIT(POST) },
		{ "tickets/", METHOD_DELETE, OP_NONE, BIT(GET) | BIT(POST) },
		{ "tickets/", METHOD_END, OP_NONE, BIT(GET) | BIT(POST) },
		{ "tickets/3", METHOD_GET, OP_TICKET_LIST, BIT(GET), KEY_PAGE,
		    3 },
		{ "tickets/3/", METHOD_GET, OP_TICKET_LIST, BIT(GET), KEY_PAGE,
		    3 },
		{ "tickets//", METHOD_GET, OP_NONE, 0 },
		{ "tickets/3/3/", METHOD_GET, OP_NONE, 0 },
		{ "posts/4", METHOD_GET, OP_POST_LIST, BIT(GET), KEY_TICKET_ID,
		    4 },
		{ "posts/4/2/", METHOD_GET, OP_POST_LIST, BIT(GET), KEY_PAGE,
		    2 },
		{ "posts/", METHOD_GET, OP_NONE, 0 },
		{ "tokens", METHOD_POST, OP_TOKEN_CREATE, BIT(POST) },
		{ "tokens", METHOD_GET, OP_TOKEN_LIST, BIT(GET) },
		{ "tokens/", METHOD_POST, OP_NONE, BIT(GET) },
		{ "actions/5", METHOD_GET, OP_ACTION_LIST, BIT(GET),
		    KEY_TICKET_ID, 5 },
		{ "actions/5/", METHOD_GET, OP_NONE, 0 },
		{ "Tickets/", METHOD_GET, OP_NONE, 0 },
		{ "ticketss/", METHOD_GET, OP_NONE, 0 },
		{ "tickets/:page/", METHOD_GET, OP_NONE, 0 },
		{ "", METHOD_GET, OP_NONE, 0 },
		{ "/", METHOD_GET, OP_NONE, 0 },
		{ "users/?page=1", METHOD_GET, OP_NONE, 0 },
	};
	struct route_match	m;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		route_find(&m, PLACEHOLDER_API, text_of(rows[i].path),
		    rows[i].method);
		check_number(rows[i].path, m.route == NULL ? OP_NONE :
		    m.route->op, rows[i].op);
		if (rows[i].op == OP_NONE)
			check_number(rows[i].path, m.methods, rows[i].methods);
		else
			check_true(rows[i].path, (m.methods & (1U <<
			    rows[i].method)) != 0);
		if (rows[i].key != 0)
			check_number(rows[i].path, args_number(&m.args,
			    rows[i].key, -1), rows[i].value);
	}
}

static void
a_path_with_two_numbers_has_both(void **state)
{
	struct route_match	m;

	(void)state;
	route_find(&m, PLACEHOLDER_API, TEXT_OF("subscriptions/12/34/"),
	    METHOD_GET);
	assert_non_null(m.route);
	check_true("these", keyset_equals(args_keys(&m.args),
	    K(TICKET_ID, PAGE)));
	check_number("ticket", args_number(&m.args, KEY_TICKET_ID, 0), 12);
	check_number("page", args_number(&m.args, KEY_PAGE, 0), 34);
	check_true("known before", keyset_equals(m.route->in_path,
	    K(TICKET_ID, PAGE)));
}

/* A path with each ":name" replaced by a number. */
static struct text
example_of(const char *path, struct buf *b)
{
	b->len = 0;
	for (; *path != '\0'; path++) {
		if (*path != ':') {
			buf_put_byte(b, *path);
			continue;
		}
		buf_put_text(b, "81");
		path += strcspn(path + 1, "/");
	}
	return buf_text(b);
}

static void
every_route_is_found_and_makes_sense(void **state)
{
	struct route_match	 m;
	struct buf		 b = { 0 };
	struct text		 path;
	const struct op_info	*info;

	(void)state;
	for (const struct route *r = routes_all(); r->path != NULL; r++) {
		path = example_of(r->path, &b);
		route_find(&m, r->root, path, r->method);
		check_true(r->path, m.route == r);
		check_true(r->path, keyset_equals(args_keys(&m.args),
		    r->in_path));
		for (size_t len = 0; len < path.len; len++)
			route_find(&m, r->root, (struct text){
			    path.base, len }, r->method);
		info = op_info(r->op);
		check_true(r->path, info->name != NULL);
		for (int i = 0; i < ASKS_MOST && r->asks[i] != OP_NONE; i++)
			check_true(r->path, op_info(r->asks[i])->kind ==
			    OP_READ || op_info(r->asks[i])->kind == OP_SLOW ||
			    op_info(r->asks[i])->kind == OP_LEAD ||
			    /* may be asked for again */
			    r->asks[i] == OP_UPLOADS_RESERVE);
		check_true(r->path, (r->page[0] != '\0') ==
		    keyset_has(info->needs, KEY_PER_PAGE));
		check_true(r->path, (r->location[0] != '\0') ==
		    (r->status == 201));
		check_true(r->path, r->method == METHOD_GET ||
		    info->kind == OP_WRITE);
		/* a page's links lead to a route of the same operation */
		if (r->page[0] == '\0')
			continue;
		route_find(&m, r->root, example_of(r->page, &b),
		    METHOD_GET);
		check_true(r->page, m.route != NULL && m.route->op == r->op);
	}
	buf_done(&b);
}

static void
methods_have_names(void **state)
{
	static const struct { const char *name; enum method want; } rows[] = {
		{ "GET", METHOD_GET }, { "POST", METHOD_POST },
		{ "PUT", METHOD_PUT }, { "PATCH", METHOD_PATCH },
		{ "DELETE", METHOD_DELETE }, { "get", METHOD_END },
		{ "HEAD", METHOD_END }, { "GETS", METHOD_END },
		{ "GE", METHOD_END }, { "", METHOD_END },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].name, method_of(text_of(rows[i].name)),
		    rows[i].want);
		if (rows[i].want != METHOD_END)
			check_string("back", method_name(rows[i].want),
			    rows[i].name);
	}
}

/*
 * All that a client can set in queries and bodies, by name: a new operation,
 * route or key that lets it set more is seen here.
 */
static void
clients_set_these_keys(void **state)
{
	const keyset	want = keyset_union(K(PAGE, PER_PAGE, TICKET_ID,
			    TOPIC_ID, POST_ID, USER_ID, CATEGORY_ID,
			    DEPARTMENT_ID, TICKET_PRIORITY_ID, TITLE, CONTENT,
			    DEPARTMENT, CATEGORY, DEPARTMENT_CATEGORY, NAME,
			    USERNAME, PASSWORD, HOURS, STATUS_ID, FORCE, CLOSE,
			    GROUP_NAME, EMAIL, JOB_TITLE, LOCALE, DISABLED,
			    NEW_PASSWORD, EXPIRES_IN, SCOPE, TOKEN_NAME),
			    K(STATUS, STATUS_IDS, PRIORITY_IDS, CATEGORY_IDS,
			    DEPARTMENT_IDS, ASSIGNED_IDS, CREATED_IDS,
			    USER_IDS, SUBSCRIBER_IDS, ADDED_SINCE,
			    ADDED_BEFORE, UPDATED_SINCE, UPDATED_BEFORE, SORT,
			    CURSOR, FIELDS, INCLUDE, BOM, SEPARATOR, SINCE,
			    SEEN_POST_ID, Q, WANTED_IDS, VIEW_NAME,
			    VIEW_QUERY, SHARED, POSITION, UPLOAD_IDS, BY,
			    VIEWS, UNREAD));
	keyset		all = K(NONE), paths = K(NONE);

	(void)state;
	for (const struct route *r = routes_all(); r->path != NULL; r++) {
		check_true(r->path, keyset_is_within(r->given, r->takes));
		check_true(r->path, !keyset_intersects(r->given, r->in_path));
		all = keyset_union(all, r->given);
		paths = keyset_union(paths, r->in_path);
	}
	for (unsigned k = 0; k < KEY_END; k++)
		if (keyset_has(all, (enum key)k) !=
		    keyset_has(want, (enum key)k) ||
		    key_info(k)->from_client != keyset_has(all, (enum key)k))
			fail_msg("key %u (%s)", k, key_info(k)->name);
	check_true("paths", keyset_equals(paths, K(ID, PAGE, TICKET_ID,
	    USER_ID, GROUP_ID, FILENAME)));
}

/* What decides who asks, and what of, is never theirs to set. */
static void
clients_never_set_who_asks(void **state)
{
	const keyset	never = K(ACTOR, RIGHTS, NOW, ID, TOKEN_HASH,
			    ASKED_WITH, CREDENTIAL, PASSWORD_HASH, CHECKED,
			    IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY, DIGEST,
			    FILENAME, BODY, HANDLE, LIMIT, OFFSET, IDS);

	(void)state;
	for (const struct route *r = routes_all(); r->path != NULL; r++)
		check_true(r->path, !keyset_intersects(r->given, never));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a path finds its route, or the methods that there are",
		    paths_find_their_routes),
		TEST("a path with two numbers has both",
		    a_path_with_two_numbers_has_both),
		TEST("every route is found by its path and makes sense",
		    every_route_is_found_and_makes_sense),
		TEST("methods have names, and case matters",
		    methods_have_names),
		TEST("clients can set these keys and no others",
		    clients_set_these_keys),
		TEST("clients never set who asks", clients_never_set_who_asks),
	};

	return cmocka_run_group_tests_name("route", tests, start, NULL);
}
