/* gateway/core/exchange.c: the engine, with stages of the test's own. */
#include "exchange.h"
#include "fakes.h"

static struct {
	char		way[64];	/* the stages entered, a letter each */
	enum err	error;		/* of the answer that came */
	bool		is_null;	/* it came in parts */
	unsigned	again;		/* so often `done` asks again */
	unsigned	part;
} seen;

static void
note(char letter)
{
	size_t	len = strlen(seen.way);

	assert_true(len < sizeof(seen.way) - 1);
	seen.way[len] = letter;
}

static enum flow
go_on(struct exchange *x)
{
	(void)x;
	note('g');
	return FLOW_NEXT;
}

static enum flow
ask(struct exchange *x)
{
	const struct args	none = { 0 };

	note('a');
	return exchange_ask(x, OP_TOKEN_CHECK, &none, 0);
}

static enum flow
take(struct exchange *x, const struct answer *a)
{
	const struct args	none = { 0 };

	note('t');
	seen.is_null = a == NULL;
	seen.error = a == NULL ? OK : a->error;
	if (seen.again > 0) {
		seen.again--;
		return exchange_ask(x, OP_TOKEN_CHECK, &none, 0);
	}
	return FLOW_NEXT;
}

static enum flow
jump_back(struct exchange *x)
{
	note('j');
	if (strlen(seen.way) < 6)
		exchange_go_to(x, STAGE_ADMIT);
	return FLOW_NEXT;
}

static enum flow
end(struct exchange *x)
{
	(void)x;
	note('e');
	return FLOW_DONE;
}

static enum flow
wait_for_parts(struct exchange *x)
{
	(void)x;
	note('w');
	return FLOW_WAIT;
}

/* A visit that has come to a stage which asked, and waits. */
static void
wait_in(struct visit *v, const struct stage *stages)
{
	memset(&seen, 0, sizeof(seen));
	memset(&fake_bus, 0, sizeof(fake_bus));
	visit_begin(v, "GET", "/flicket-api/user/1");
	v->x.request_id = v->x.trace = TEXT_OF("");
	v->x.stages = stages;
	v->x.stage = STAGE_ADMIT;
	v->x.next = STAGE_MATCH;
}

static void
an_answer_goes_to_the_stage_that_asked(void **state)
{
	static const struct stage	stages[STAGE_END] = {
		[STAGE_ADMIT] = { "asks", ask, take },
		[STAGE_MATCH] = { "goes on", go_on },
		[STAGE_IDENTIFY] = { "asks, and only goes on", ask },
		[STAGE_LIMIT] = { "ends", end },
	};
	const struct answer		a = { .error = ERR_NOT_FOUND };
	struct visit			v;

	(void)state;
	wait_in(&v, stages);
	exchange_resume(&v.x, -1, &a);
	check_string("up to the next question", seen.way, "tga");
	check_number("its answer", seen.error, ERR_NOT_FOUND);
	check_number("the stage", v.x.stage, STAGE_IDENTIFY);
	exchange_resume(&v.x, -1, &a);
	check_string("without `done` the next stage follows", seen.way, "tgae");
	visit_end(&v);
}

static void
a_stage_may_ask_again(void **state)
{
	static const struct stage	stages[STAGE_END] = {
		[STAGE_ADMIT] = { "asks", ask, take },
		[STAGE_MATCH] = { "ends", end },
	};
	const struct answer		a = { .error = OK };
	struct visit			v;

	(void)state;
	wait_in(&v, stages);
	seen.again = 2;
	for (int i = 0; i < 3; i++)
		exchange_resume(&v.x, -1, &a);
	check_string("as often as it likes", seen.way, "ttte");
	check_number("questions", fake_bus.asked, 2);
	visit_end(&v);
}

static void
what_cannot_be_asked_is_answered_at_once(void **state)
{
	static const struct stage	stages[STAGE_END] = {
		[STAGE_ADMIT] = { "goes on", NULL, take },
		[STAGE_MATCH] = { "asks", ask, take },
		[STAGE_IDENTIFY] = { "ends", end },
	};
	const struct answer		a = { .error = OK };
	struct visit			v;

	(void)state;
	wait_in(&v, stages);
	fake_bus.refuses = true;
	exchange_resume(&v.x, -1, &a);
	check_string("by the same stage", seen.way, "tate");
	check_number("as unavailable", seen.error, ERR_UNAVAILABLE);
	visit_end(&v);
}

static void
a_stage_leads_where_its_row_says(void **state)
{
	static const struct stage	stages[STAGE_END] = {
		[STAGE_ADMIT] = { "goes on", go_on, take },
		[STAGE_MATCH] = { "jumps", jump_back, NULL,
		    1U << STAGE_ADMIT },
		[STAGE_IDENTIFY] = { "ends", end },
	};
	const struct answer		a = { .error = OK };
	struct visit			v;

	(void)state;
	wait_in(&v, stages);
	exchange_resume(&v.x, -1, &a);
	check_string("back, and on", seen.way, "tjgjgje");
	visit_end(&v);
}

static void
note_part(struct exchange *x, unsigned part, const struct answer *a)
{
	seen.part = part;
	seen.error = a->error;
	exchange_continue(x);
}

static void
parts_go_on_without_an_answer(void **state)
{
	static const struct stage	stages[STAGE_END] = {
		[STAGE_ADMIT] = { "asks parts", wait_for_parts, take },
		[STAGE_MATCH] = { "ends", end },
	};
	const struct answer		a = { .error = ERR_NOT_FOUND };
	struct visit			v;

	(void)state;
	wait_in(&v, stages);
	v.x.on_part = note_part;
	v.x.part_slots[3] = 7;
	exchange_resume(&v.x, 3, &a);
	check_string("its own `done`, then on", seen.way, "te");
	check_number("the part", seen.part, 3);
	check_true("no answer", seen.is_null);
	check_number("it can be asked again", v.x.part_slots[3], -1);
	visit_end(&v);
}

/* A jump that the table does not have, in a process that dies of it. */
static void
jump_anywhere(const void *arg)
{
	static const struct stage	stages[STAGE_END] = {
		[STAGE_ADMIT] = { "goes on", go_on },
	};
	struct visit			v;

	(void)arg;
	wait_in(&v, stages);
	exchange_go_to(&v.x, STAGE_SEND);
}

static void
no_stage_leads_anywhere_else(void **state)
{
	struct end	how;

	(void)state;
	unit_run(jump_anywhere, NULL, &how);
	check_number("a signal", how.status, 128 + 6);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("an answer goes to the stage that asked",
		    an_answer_goes_to_the_stage_that_asked),
		TEST("a stage may ask again", a_stage_may_ask_again),
		TEST("what cannot be asked is answered at once",
		    what_cannot_be_asked_is_answered_at_once),
		TEST("a stage leads where its row says",
		    a_stage_leads_where_its_row_says),
		TEST("parts go on without an answer",
		    parts_go_on_without_an_answer),
		TEST("no stage leads anywhere else",
		    no_stage_leads_anywhere_else),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
