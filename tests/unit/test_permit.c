/* gateway/stage/permit.c */
#include "let_in.h"

static void
rights_are_asked_for(void **state)
{
	static const struct { const char *name, *method, *path; int64_t rights;
	    bool want; } rows[] = {
		{ "anyone", "GET", "ticket/1", 0, true },
		{ "staff", "POST", "departments/", RIGHT_STAFF, true },
		{ "not staff", "POST", "departments/", 0, false },
		{ "an admin has both", "POST", "departments/",
		    RIGHT_STAFF | RIGHT_ADMIN, true },
		{ "admin", "DELETE", "ticket/1", RIGHT_STAFF | RIGHT_ADMIN,
		    true },
		{ "not admin", "DELETE", "ticket/1", RIGHT_STAFF, false },
		{ "nothing", "DELETE", "ticket/1", 0, false },
		{ "the owner's to decide", "PATCH", "ticket/1", 0, true },
		{ "reading", "GET", "ticket/1", RIGHT_READ_ONLY, true },
		{ "reading only", "PATCH", "ticket/1", RIGHT_READ_ONLY, false },
		{ "reading, its own end", "DELETE", "tokens", RIGHT_READ_ONLY,
		    true },
		{ "reading, an end by id", "DELETE", "token/1", RIGHT_READ_ONLY,
		    true },
		{ "reading only, an admin", "DELETE", "ticket/1",
		    RIGHT_READ_ONLY | RIGHT_ADMIN | RIGHT_STAFF, false },
	};
	struct buf	url = { 0 };
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		seen_clear();
		url.len = 0;
		buf_printf(&url, "/flicket-api/%s%c", rows[i].path, 0);
		visit_begin(&v, rows[i].method, url.base);
		v.x.rights = rows[i].rights;
		check_number(rows[i].name, permit_begin(&v.x), rows[i].want ?
		    FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, responded.error, rows[i].want ? OK :
		    ERR_FORBIDDEN);
		visit_end(&v);
	}
	buf_done(&url);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("rights are asked for", rights_are_asked_for),
	};

	return cmocka_run_group_tests_name("permit", tests, visit_routes, NULL);
}
