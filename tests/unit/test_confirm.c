/*
 * gateway/stage/confirm.c. The user service and its heartbeat are what a row says
 * they are.
 */
#include "let_in.h"

#include "gateway/stage/confirm.h"

static void
a_write_is_confirmed(void **state)
{
	static const struct {
		const char	*name, *method, *path;
		int64_t		 rights;
		bool		 ended;		/* the cache has heard */
		enum err	 error;		/* then the service says */
		int64_t		 rights_then;
		enum err	 want;
		bool		 asks_anew;
	} rows[] = {
		{ "a read", "GET", "user/1", 0, true, OK, 0, OK, false },
		{ "known", "DELETE", "ticket/1", 1, false, OK, 1, OK, false },
		{ "ended", "DELETE", "ticket/1", 1, true, ERR_UNAUTHORIZED, 0,
		    ERR_UNAUTHORIZED, false },
		{ "still good", "DELETE", "ticket/1", 1, true, OK, 1, OK,
		    false },
		{ "no admin any more", "DELETE", "ticket/1", 1, true, OK, 2,
		    ERR_FORBIDDEN, false },
		{ "less, and enough", "PATCH", "ticket/1", 1, true, OK, 0, OK,
		    true },
		{ "the service is away", "PATCH", "ticket/1", 1, true,
		    ERR_UNAVAILABLE, 0, ERR_UNAVAILABLE, false },
	};
	struct tokens	*tokens;
	struct answer	 a;
	struct visit	 v;
	char		 url[64];
	bool		 asks;
	enum flow	 flow;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].path);
		let_in(&v, &tokens, rows[i].method, url, rows[i].rights);
		args_put_number(&v.x.args, KEY_CHECKED, 3);
		args_put_text(&v.x.args, KEY_PASSWORD_HASH, TEXT_OF("$2b$"));
		v.x.asked.passed = K(CHECKED);
		if (rows[i].ended)
			hear(tokens, 4, abc_hash);
		asks = rows[i].ended && rows[i].method[0] != 'G';
		v.x.stage = STAGE_CONFIRM;
		flow = confirm_begin(&v.x);
		check_number(rows[i].name, flow == FLOW_WAIT, asks);
		check_number(rows[i].name, v.x.identity.confirmed_ms != 0,
		    rows[i].method[0] != 'G');
		a = said(rows[i].error, rows[i].rights_then, 4);
		if (asks)
			flow = confirm_done(&v.x, &a);
		check_number(rows[i].name, flow, rows[i].want == OK ?
		    FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, responded.error, rows[i].want);
		check_number(rows[i].name, v.x.asked.count, !rows[i].asks_anew);
		check_number("what depends on rights", args_has(&v.x.args,
		    KEY_CHECKED), !rows[i].asks_anew);
		check_true("what does not", args_has(&v.x.args,
		    KEY_PASSWORD_HASH));
		check_true(rows[i].name, v.x.next == (rows[i].asks_anew ?
		    STAGE_ASK : STAGE_CORS));
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

/* How old the word is that a write rests on. */
static void
a_word_is_as_old_as_the_last_heartbeat(void **state)
{
	static const struct { const char *name; bool up; int64_t heard_ago_ms,
	    want_ago_ms; } rows[] = {
		{ "just heard", true, 0, 0 },
		{ "a while ago", true, 700, 700 },
		{ "the service is away", false, 5000, 0 },
	};
	struct tokens	*tokens;
	struct visit	 v;
	int64_t		 now_ms;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		let_in(&v, &tokens, "PATCH", "/flicket-api/ticket/1", 0);
		now_ms = clock_ms();
		fake_bus.is_up = rows[i].up;
		fake_bus.heard_ms = now_ms - rows[i].heard_ago_ms;
		v.x.stage = STAGE_CONFIRM;
		check_number(rows[i].name, confirm_begin(&v.x), FLOW_NEXT);
		check_true(rows[i].name, v.x.identity.confirmed_ms >= now_ms -
		    rows[i].want_ago_ms && (!rows[i].up ||
		    v.x.identity.confirmed_ms == fake_bus.heard_ms));
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

static void
what_was_read_is_for_who_is_still_somebody(void **state)
{
	static const struct {
		const char	*name, *method, *path;
		bool		 ended, slow;
		enum err	 error;
		int64_t		 rights_then;
		bool		 asks;
		enum err	 want;
		bool		 anew;		/* it is read once more */
		bool		 slept;
		bool		 refused;	/* by others, before it */
	} rows[] = {
		{ "at once", "GET", "user/1", false, false, OK, 1, false, OK },
		{ "slowly", "GET", "user/1", false, true, OK, 1, false, OK },
		{ "ended", "GET", "user/1", true, false, ERR_UNAUTHORIZED, 0,
		    true, ERR_UNAUTHORIZED },
		{ "not this one", "GET", "user/1", true, false, OK, 1, true,
		    OK },
		{ "no admin any more", "GET", "groups/", true, true, OK, 0,
		    true, ERR_FORBIDDEN },
		{ "other rights", "GET", "user/1", true, true, OK, 0, true, OK,
		    .anew = true },
		{ "after a stall", "GET", "user/1", false, false,
		    ERR_UNAUTHORIZED, 0, true, ERR_UNAUTHORIZED,
		    .slept = true },
		{ "a write was done", "PATCH", "user/5", true, true, OK, 0,
		    false, OK },
		{ "a write was refused", "PATCH", "user/5", true, true,
		    ERR_UNAUTHORIZED, 0, true, ERR_UNAUTHORIZED,
		    .refused = true },
		{ "as it would be again", "PATCH", "user/5", true, true, OK, 0,
		    true, OK, .refused = true },
	};
	static const struct answer	body = { .tag = 77 };
	struct tokens			*tokens;
	struct answer			 a;
	struct visit			 v;
	char				 url[64];
	enum flow			 flow;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].path);
		let_in(&v, &tokens, rows[i].method, url, 1);
		v.x.timing.began_us = 1;
		v.x.timing.heard_us = rows[i].slow ? 1 + CONFIRM_SURE_US : CONFIRM_SURE_US;
		v.x.answer = &body;
		v.x.asked.refusal = rows[i].refused ? &body : NULL;
		fake_bus.slept = rows[i].slept;
		if (rows[i].ended)
			hear(tokens, 4, abc_hash);
		v.x.stage = STAGE_RECHECK;
		flow = recheck_begin(&v.x);
		check_number(rows[i].name, flow == FLOW_WAIT, rows[i].asks);
		a = said(rows[i].error, rows[i].rights_then, 4);
		if (rows[i].asks)
			flow = recheck_done(&v.x, &a);
		check_number(rows[i].name, flow, rows[i].want == OK ?
		    FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, responded.error, rows[i].want);
		if (rows[i].want == OK)
			check_number(rows[i].name, v.x.answer->tag, 77);
		check_true(rows[i].name, v.x.next == (rows[i].anew ?
		    STAGE_SEND : STAGE_CORS));
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

/* What waits for the user service's word is in memory meanwhile. */
static void
what_there_is_no_memory_for_is_refused(void **state)
{
	static const char		bytes[(1 << 20) + 1];
	static const struct answer	body = { .tag = 77,
					    .fragment = { bytes,
					    sizeof(bytes) } };
	struct tokens			*tokens;
	struct visit			 v;

	(void)state;
	let_in(&v, &tokens, "GET", "/flicket-api/user/1", 1);
	v.x.answer = &body;
	hear(tokens, 4, abc_hash);
	v.settings.memory_mb = 0;
	v.x.stage = STAGE_RECHECK;
	check_number("no memory", recheck_begin(&v.x), FLOW_DONE);
	check_number("no memory", responded.error, ERR_BUSY);
	visit_end(&v);
	tokens_destroy(&tokens);
}

/* A response that was cached for other rights is not the client's. */
static void
what_is_read_anew_is_not_compared(void **state)
{
	static const struct answer	body = { .tag = 77 };
	const struct cached_response	*cached =
					    (const void *)&body;
	struct tokens			*tokens;
	struct answer			 a = said(OK, 0, 4);
	struct visit			 v;

	(void)state;
	for (int ours = 0; ours < 2; ours++) {
		let_in(&v, &tokens, "GET", "/flicket-api/users/", 1);
		v.x.answer = &body;
		v.x.cached = ours ? cached : NULL;
		args_put_text(&v.x.args, KEY_IF_NONE_MATCH, TEXT_OF("\"7\""));
		hear(tokens, 4, abc_hash);
		v.x.stage = STAGE_RECHECK;
		check_number("asks", recheck_begin(&v.x), FLOW_WAIT);
		check_number("goes on", recheck_done(&v.x, &a), FLOW_NEXT);
		check_true("anew", v.x.next == STAGE_SEND);
		check_true("none is cached", v.x.cached == NULL);
		check_number("the client's stays", args_has(&v.x.args,
		    KEY_IF_NONE_MATCH), !ours);
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a write is confirmed before it is sent",
		    a_write_is_confirmed),
		TEST("a word is as old as the last heartbeat",
		    a_word_is_as_old_as_the_last_heartbeat),
		TEST("what was read is for who is still somebody",
		    what_was_read_is_for_who_is_still_somebody),
		TEST("what there is no memory for is refused",
		    what_there_is_no_memory_for_is_refused),
		TEST("what is read anew is not compared with a copy of before",
		    what_is_read_anew_is_not_compared),
	};

	return cmocka_run_group_tests_name("confirm", tests, visit_routes, NULL);
}
