/*
 * gateway/stage/identify.c, and gateway/core/identity.c below it. The user
 * service and its heartbeat are what a row says they are.
 */
#include <arpa/inet.h>

#include "let_in.h"

/* --- addresses --------------------------------------------------------- */

static void
addresses_are_told_apart(void **state)
{
	static const struct { const char *in, *want; } rows[] = {
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
		{ "2001:db8:1:2::9", "2001:db8:1:2::" },
		{ "::1", "::" },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "POST", "/flicket-api/tokens");
		assert_int_equal(inet_pton(AF_INET6, rows[i].in, &v.x.client),
		    1);
		visit_header(&v, H2O_TOKEN_AUTHORIZATION, "Basic YTpi");
		v.x.stage = STAGE_IDENTIFY;
		check_number(rows[i].in, identify_begin(&v.x), FLOW_WAIT);
		check_text(rows[i].in, args_text(&fake_bus.args, KEY_ADDRESS),
		    text_of(rows[i].want));
		visit_end(&v);
	}
}

/* --- passwords --------------------------------------------------------- */

static void
names_and_passwords_are_decoded(void **state)
{
	static char	longest[IDENTIFY_CREDENTIALS_MOST + 16];
	static const struct { const char *header; bool want;
	    struct text name, password; } rows[] = {
		{ "Basic YWRtaW46UGFzc3dvcmQx", true, TEXT_OF("admin"),
		    TEXT_OF("Password1") },
		{ "bAsIc YWRtaW46UGFzc3dvcmQx", true, TEXT_OF("admin"),
		    TEXT_OF("Password1") },
		{ "Basic   YWRtaW46UGFzc3dvcmQx", true, TEXT_OF("admin"),
		    TEXT_OF("Password1") },
		{ "Basic YWI6YzpkOg==", true, TEXT_OF("ab"), TEXT_OF("c:d:") },
		{ "Basic Og==", true, TEXT_OF(""), TEXT_OF("") },
		{ "Basic YTo=", true, TEXT_OF("a"), TEXT_OF("") },
		{ "Basic OmI=", true, TEXT_OF(""), TEXT_OF("b") },
		{ "Basic YToAYg==", true, TEXT_OF("a"), TEXT_OF("\0b") },
		{ "Basic YQ==", false },		/* no colon */
		{ "Basic YTpi!", false },
		{ "Basic YTpiYw", false },		/* no padding */
		{ "Basic ", false },
		{ "Basic", false },
		{ "BasicYTpi", false },
		{ "Bearer YTpi", false },
		{ "", false },
		{ NULL, false },
		{ longest, false },
	};
	struct visit	v;
	enum flow	flow;
	int64_t		now_ms;

	(void)state;
	memset(longest, 'A', sizeof(longest) - 1);
	memcpy(longest, "Basic OkFB", 10);
	for (size_t i = 0; i < LEN(rows); i++) {
		const char	*row = rows[i].header == NULL ? "none" :
				    rows[i].header;

		seen_clear();
		visit_begin(&v, "POST", "/flicket-api/tokens");
		assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.7",
		    &v.x.client), 1);
		v.settings.login_timeout_ms = 15000;
		if (rows[i].header != NULL)
			visit_header(&v, H2O_TOKEN_AUTHORIZATION,
			    rows[i].header);
		v.x.stage = STAGE_IDENTIFY;
		now_ms = clock_ms();
		flow = identify_begin(&v.x);
		if (rows[i].want) {
			check_number(row, flow, FLOW_WAIT);
			check_number(row, fake_bus.op, OP_PASSWORD_CHECK);
			check_true(row, fake_bus.deadline_ms >= now_ms +
			    15000 && fake_bus.deadline_ms <= clock_ms() +
			    15000);
			check_text(row, args_text(&fake_bus.args, KEY_USERNAME),
			    rows[i].name);
			check_text(row, args_text(&fake_bus.args, KEY_PASSWORD),
			    rows[i].password);
			check_text(row, args_text(&fake_bus.args, KEY_ADDRESS),
			    TEXT_OF("192.0.2.7"));
		} else {
			check_number(row, flow, FLOW_DONE);
			check_number(row, responded.error, ERR_UNAUTHORIZED);
		}
		visit_end(&v);
	}
}

static void
tokens_are_known_by_their_hash(void **state)
{
	static const struct { const char *header; bool ask; } rows[] = {
		{ "Bearer abc", true },
		{ "bearer    abc", true },
		{ "Bearer ", false },
		{ "Bearer", false },
		{ "Bearerabc", false },
		{ "Basic YTpi", false },
		{ NULL, false },
	};
	struct tokens	*tokens = tokens_new();
	struct visit	 v;
	enum flow	 flow;

	(void)state;
	seen_clear();
	fake_bus.is_up = true;
	for (size_t i = 0; i < LEN(rows); i++) {
		flow = show_token(&v, "GET", "/flicket-api/user/1", tokens,
		    rows[i].header);
		check_number("flow", flow, rows[i].ask ? FLOW_WAIT :
		    FLOW_DONE);
		if (rows[i].ask) {
			check_number("asked", fake_bus.op, OP_TOKEN_CHECK);
			check_text("hash", args_text(&fake_bus.args,
			    KEY_TOKEN_HASH), (struct text){
			    (const char *)abc_hash, sizeof(abc_hash) });
			check_true("not an argument", !args_has(&v.x.args,
			    KEY_TOKEN_HASH));
		} else
			check_number("error", responded.error, ERR_UNAUTHORIZED);
		visit_end(&v);
	}
	/* spaces behind it are part of it */
	show_token(&v, "GET", "/flicket-api/user/1", tokens, "Bearer abc ");
	check_true("another", memcmp(args_text(&fake_bus.args,
	    KEY_TOKEN_HASH).base, abc_hash, 32) != 0);
	visit_end(&v);
	/* where it is an argument it is one */
	show_token(&v, "DELETE", "/flicket-api/tokens", tokens, "Bearer abc");
	check_text("argument", args_text(&v.x.args, KEY_TOKEN_HASH),
	    (struct text){ (const char *)abc_hash, sizeof(abc_hash) });
	visit_end(&v);
	tokens_destroy(&tokens);
}

static void
the_cache_is_trusted_for_a_while(void **state)
{
	static const struct { const char *name; bool up; int64_t heard_ago_ms;
	    enum flow want; } rows[] = {
		{ "up", true, 0, FLOW_NEXT },
		{ "just down", false, 1000, FLOW_NEXT },
		{ "down for a while", false, 50000, FLOW_NEXT },
		{ "down for long", false, 60001, FLOW_WAIT },
	};
	struct tokens	*tokens = tokens_new();
	struct visit	 v;

	(void)state;
	tokens_keep(tokens, abc_hash, 5, RIGHT_STAFF, INT64_MAX);
	for (size_t i = 0; i < LEN(rows); i++) {
		seen_clear();
		fake_bus.is_up = rows[i].up;
		fake_bus.heard_ms = clock_ms() - rows[i].heard_ago_ms;
		check_number(rows[i].name, show_token(&v, "GET",
		    "/flicket-api/user/1", tokens, "Bearer abc"),
		    rows[i].want);
		if (rows[i].want == FLOW_NEXT) {
			check_number(rows[i].name, v.x.user_id, 5);
			check_number(rows[i].name, v.x.rights, RIGHT_STAFF);
			check_number("nobody is asked", fake_bus.asked, 0);
		}
		visit_end(&v);
	}
	tokens_destroy(&tokens);
}

static void
what_the_user_service_says_counts(void **state)
{
	static const struct { const char *name; enum err error;
	    int64_t user_id; enum err want; bool kept; } rows[] = {
		{ "known", OK, 5, OK, true },
		{ "unknown", ERR_UNAUTHORIZED, 0, ERR_UNAUTHORIZED, false },
		{ "away", ERR_UNAVAILABLE, 0, ERR_UNAVAILABLE, false },
		{ "nonsense", OK, 0, ERR_INTERNAL, false },
	};
	struct tokens	*tokens;
	struct answer	 a;
	struct visit	 v;
	struct text	 ids;
	int64_t		 user_id, rights;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		seen_clear();
		fake_bus.is_up = true;
		tokens = tokens_new();
		ids = TEXT_OF("");
		show_token(&v, "GET", "/flicket-api/user/1", tokens,
		    "Bearer abc");
		a = (struct answer){ .error = rows[i].error };
		args_put_number(&a.extra, KEY_USER_ID, rows[i].user_id);
		args_put_number(&a.extra, KEY_RIGHTS, 3);
		args_put_number(&a.extra, KEY_EXPIRES, INT64_MAX);
		args_put_number(&a.extra, KEY_ID, 7);
		check_number(rows[i].name, identify_done(&v.x, &a),
		    rows[i].want == OK ? FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, responded.error, rows[i].want);
		check_number(rows[i].name, v.x.user_id, rows[i].user_id);
		check_number("its use will be told", tokens_take_used(tokens,
		    1, &ids), rows[i].kept);
		check_text("its use", ids, text_of(rows[i].kept ? "[7]" : ""));
		check_number(rows[i].name, tokens_find(tokens, abc_hash,
		    &user_id, &rights), rows[i].kept);
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

/* Two processes: one tells of the end, then the other of before. */
static void
what_is_from_before_a_revocation_is_asked_again(void **state)
{
	static const struct { const char *name; int64_t as_of; bool counts; }
	    rows[] = {
		{ "of now", 3, true },
		{ "of later", 4, true },
		{ "from an early service", -1, true },
		{ "of before", 2, false },
	};
	struct tokens	*tokens;
	struct answer	 a;
	struct visit	 v;
	int64_t		 user_id, rights;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		seen_clear();
		fake_bus.is_up = true;
		tokens = tokens_new();
		show_token(&v, "GET", "/flicket-api/user/1", tokens,
		    "Bearer abc");
		a = said(OK, 0, rows[i].as_of);
		for (int j = 0; j < (rows[i].counts ? 1 : IDENTITY_OUTDATED_MOST); j++) {
			hear(tokens, 3 + j, NULL);
			fake_bus.op = OP_NONE;
			check_number(rows[i].name, identify_done(&v.x, &a),
			    rows[i].counts ? FLOW_NEXT : FLOW_WAIT);
			check_number(rows[i].name, fake_bus.op, rows[i].counts ?
			    OP_NONE : OP_TOKEN_CHECK);
		}
		check_number(rows[i].name, tokens_find(tokens, abc_hash,
		    &user_id, &rights), rows[i].counts);
		if (!rows[i].counts) {
			hear(tokens, 9, NULL);
			check_number("at last", identify_done(&v.x, &a),
			    FLOW_DONE);
			check_number("at last", responded.error, ERR_UNAVAILABLE);
		}
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

/* What was heard of was a lie, or is of a store that is not there any more. */
static void
what_was_asked_after_the_news_counts(void **state)
{
	struct tokens	*tokens = tokens_new();
	struct answer	 a = said(OK, 0, 2);
	struct visit	 v;

	(void)state;
	seen_clear();
	fake_bus.is_up = true;
	hear(tokens, INT64_MAX, NULL);
	show_token(&v, "GET", "/flicket-api/user/1", tokens, "Bearer abc");
	check_number("counts", identify_done(&v.x, &a), FLOW_NEXT);
	visit_end(&v);
	tokens_destroy(&tokens);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("addresses are told apart, IPv6 by network",
		    addresses_are_told_apart),
		TEST("a name and a password are decoded, or refused",
		    names_and_passwords_are_decoded),
		TEST("a token is known by its hash alone",
		    tokens_are_known_by_their_hash),
		TEST("the cache is trusted while the user service is heard of, "
		    "and for a while", the_cache_is_trusted_for_a_while),
		TEST("what the user service says of a token counts",
		    what_the_user_service_says_counts),
		TEST("what is from before a revocation is asked again",
		    what_is_from_before_a_revocation_is_asked_again),
		TEST("what was asked after the news counts",
		    what_was_asked_after_the_news_counts),
	};

	return cmocka_run_group_tests_name("identify", tests, visit_routes, NULL);
}
