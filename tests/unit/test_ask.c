/* gateway/stage/ask.c. The services' answers are what a row says they are. */
#include "exchange.h"
#include "fakes.h"

#include "gateway/stage/ask.h"

/* A reply to a ticket, which other owners are asked about. */
static enum flow
ask_about_reply(struct visit *v, bool has_key)
{
	responded_clear();
	memset(&fake_bus, 0, sizeof(fake_bus));
	visit_begin(v, "POST", "/flicket-api/posts");
	assert_non_null(v->x.route);
	assert_true(v->x.route->asks[0] != OP_NONE);
	v->x.user_id = 5;
	v->x.stage = STAGE_ASK;
	v->x.next = STAGE_UPLOAD;
	args_put_number(&v->x.args, KEY_TICKET_ID, 7);
	args_put_text(&v->x.args, KEY_CONTENT, TEXT_OF("content"));
	if (has_key)
		args_put_text(&v->x.args, KEY_IDEMPOTENCY_KEY, TEXT_OF("k"));
	return ask_begin(&v->x);
}

static void
owners_are_asked_one_after_the_other(void **state)
{
	const struct answer	ok = { .error = OK };
	struct visit		v;
	enum flow		flow;
	unsigned		count = 0;

	(void)state;
	for (flow = ask_about_reply(&v, false); flow == FLOW_WAIT;
	    flow = ask_done(&v.x, &ok)) {
		check_number("in the route's order", fake_bus.op,
		    v.x.route->asks[v.x.asked.count]);
		check_true("each once", v.x.asked.count >= count);
		count = v.x.asked.count + 1;
	}
	check_number("then it goes on", flow, FLOW_NEXT);
	check_number("with the next stage", v.x.next, STAGE_UPLOAD);
	check_true("one at least", count > 0);
	check_true("nothing was refused", v.x.asked.refusal == NULL);
	visit_end(&v);
}

/* What is asked before the request may be in doubt; the request was not sent. */
static void
a_doubtful_question_leaves_the_request_undone(void **state)
{
	const struct answer	unknown = { .error = ERR_OUTCOME_UNKNOWN };
	struct visit		v;

	(void)state;
	(void)ask_about_reply(&v, false);
	check_number("goes on", ask_done(&v.x, &unknown), FLOW_NEXT);
	check_number("to the end", v.x.next, STAGE_RECHECK);
	check_number("not done", v.x.answer->error, ERR_UNAVAILABLE);
	visit_end(&v);
}

static void
what_is_answered_goes_along(void **state)
{
	struct answer	a = { .error = OK };
	struct visit	v;

	(void)state;
	args_put_number(&a.extra, KEY_CHECKED, 9);
	args_put_number(&a.extra, KEY_TICKET_ID, 1000);
	ask_about_reply(&v, false);
	(void)ask_done(&v.x, &a);
	if (keyset_has(v.x.route->passes, KEY_CHECKED))
		check_number("an argument", args_number(&v.x.args, KEY_CHECKED,
		    0), 9);
	check_number("but not in the place of one", args_number(&v.x.args,
	    KEY_TICKET_ID, 0), 7);
	ask_forget(&v.x);
	check_true("until rights change", !args_has(&v.x.args, KEY_CHECKED));
	check_number("all are asked again", v.x.asked.count, 0);
	visit_end(&v);
}

static void
a_refusal_is_the_answer_unless_it_was_done(void **state)
{
	static const struct { const char *row; bool has_key;
	    enum err refusal; bool recalls; enum err recalled, want; } rows[] = {
		{ "without a key", false, ERR_NOT_FOUND, false, OK,
		    ERR_NOT_FOUND },
		{ "the owner is away", true, ERR_UNAVAILABLE, false, OK,
		    ERR_UNAVAILABLE },
		{ "not done before", true, ERR_BAD_REQUEST, true,
		    ERR_NOT_FOUND, ERR_BAD_REQUEST },
		{ "done before", true, ERR_BAD_REQUEST, true, OK, OK },
		{ "another request had the key", true, ERR_BAD_REQUEST, true,
		    ERR_CONFLICT, ERR_CONFLICT },
		{ "not known", true, ERR_BAD_REQUEST, true, ERR_UNAVAILABLE,
		    ERR_UNAVAILABLE },
	};
	struct answer	refusal, recalled;
	struct visit	v;
	enum flow	flow;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].row, ask_about_reply(&v, rows[i].has_key),
		    FLOW_WAIT);
		refusal = (struct answer){ .error = rows[i].refusal };
		recalled = (struct answer){ .error = rows[i].recalled };
		flow = ask_done(&v.x, &refusal);
		check_number(rows[i].row, flow == FLOW_WAIT, rows[i].recalls);
		if (flow == FLOW_WAIT) {
			check_number(rows[i].row, fake_bus.op, OP_POST_RECALL);
			flow = ask_done(&v.x, &recalled);
		}
		check_number(rows[i].row, flow, FLOW_NEXT);
		check_number("it is not sent", v.x.next, STAGE_RECHECK);
		check_number(rows[i].row, v.x.answer->error, rows[i].want);
		check_number("why", v.x.asked.refusal->error, rows[i].refusal);
		visit_end(&v);
	}
}

static void
who_cannot_be_asked_is_away(void **state)
{
	struct visit	v;

	(void)state;
	ask_about_reply(&v, false);
	fake_bus.refuses = true;
	check_number("at once", ask_begin(&v.x), FLOW_NEXT);
	check_number("it is not sent", v.x.next, STAGE_RECHECK);
	check_number("unavailable", v.x.answer->error, ERR_UNAVAILABLE);
	visit_end(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("owners are asked one after the other",
		    owners_are_asked_one_after_the_other),
		TEST("what is answered goes along", what_is_answered_goes_along),
		TEST("a doubtful question leaves the request undone",
		    a_doubtful_question_leaves_the_request_undone),
		TEST("a refusal is the answer, unless it was done before",
		    a_refusal_is_the_answer_unless_it_was_done),
		TEST("who cannot be asked is away", who_cannot_be_asked_is_away),
	};

	return cmocka_run_group_tests_name("ask", tests, visit_routes, NULL);
}
