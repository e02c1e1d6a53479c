/* services/runtime/chore.c */
#include "process.h"

#include "base/clock.h"
#include "services/runtime/lane/pipe.h"

static struct svc	*svc = &process.svc;

/* A lane that gives all calls back as they are. */
static void
give_back(zsock_t *pipe, void *arg)
{
	struct call	*c;
	bool		 terminated = false;

	(void)arg;
	zsock_signal(pipe, 0);
	while (!terminated) {
		c = lane_receive(pipe, true, &terminated);
		if (c != NULL)
			lane_send(pipe, c);
	}
}

/* Whether the chore is sent. */
static bool
is_sent(void)
{
	unsigned	before = svc->calls.count;

	chore_turn(svc);
	return svc->calls.count > before;
}

/* The lane has done the chore, with this answer. */
static void
is_done(enum err error, int64_t total)
{
	bool		 terminated;
	struct call	*c = lane_receive(svc->writes.lane, true, &terminated);

	check_number("its operation", c->request.op, svc->service->chore);
	c->answer.error = error;
	c->answer.total = total;
	chore_note_done(svc, c);
	calls_release(&svc->calls, c);
}

static void
begin(void)
{
	svc->writes.lane = zactor_new(give_back, NULL);
	svc->role.state = ROLE_WRITER;
}

static void
end(void)
{
	zactor_destroy(&svc->writes.lane);
}

static void
it_is_done_until_nothing_is_left(void **state)
{
	(void)state;
	begin();
	assert_true(is_sent());
	assert_false(is_sent()); /* it is under way */
	is_done(OK, 1);
	assert_true(is_sent());
	is_done(OK, 0);
	assert_false(is_sent());
	end();
}

static void
one_that_is_wanted_again_waits_until_then(void **state)
{
	int64_t	every_ms = svc->service->chore_every_ms;

	(void)state;
	assert_true(every_ms > 0);
	begin();
	assert_true(is_sent());
	is_done(OK, 1);
	assert_true(is_sent());
	is_done(OK, 0);
	assert_false(is_sent());
	assert_true(svc->chore.next_ms > clock_ms() + every_ms / 2);
	svc->chore.next_ms = clock_ms();
	assert_true(is_sent());
	is_done(ERR_INTERNAL, 0);
	assert_true(svc->chore.next_ms < clock_ms() + every_ms / 2);
	end();
}

static void
one_that_failed_is_tried_later(void **state)
{
	(void)state;
	begin();
	assert_true(is_sent());
	is_done(ERR_INTERNAL, 0);
	assert_false(is_sent());
	assert_true(svc->chore.next_ms > clock_ms());
	svc->chore.next_ms = 0;
	assert_true(is_sent());
	is_done(OK, 0);
	end();
}

static void
only_a_writer_at_work_does_it(void **state)
{
	(void)state;
	begin();
	svc->role.state = ROLE_READER;
	assert_false(is_sent());
	svc->role.state = ROLE_WRITER;
	svc->lifecycle.phase = PHASE_LEAVING;
	assert_false(is_sent());
	svc->lifecycle.phase = PHASE_RUNNING;
	svc->freeze.until_ms = clock_ms() + 60000;
	assert_false(is_sent());
	svc->freeze.until_ms = 0;
	assert_true(is_sent());
	is_done(OK, 0);
	end();
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		ON_PROCESS(&ticket_service, "it is done until nothing is left",
		    it_is_done_until_nothing_is_left),
		ON_PROCESS(&post_service, "one that is wanted again waits "
		    "until then", one_that_is_wanted_again_waits_until_then),
		ON_PROCESS(&ticket_service, "one that failed is tried later",
		    one_that_failed_is_tried_later),
		ON_PROCESS(&ticket_service, "only a writer at work does it",
		    only_a_writer_at_work_does_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
