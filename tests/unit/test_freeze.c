/* services/runtime/freeze.c */
#include "process.h"

#include "base/clock.h"
#include "base/log.h"

static struct svc	*svc = &process.svc;

static void
ask(enum op_code op, uint64_t id, int64_t limit_ms, struct text peer)
{
	struct request	r = { .id = id, .op = op, .request_id =
			    TEXT_OF("test") };

	if (op == OP_WRITES_HOLD)
		args_put_number(&r.args, KEY_HOLD_MS, limit_ms);
	assert_true(freeze_is_asked(&r));
	freeze_run(svc, &r, peer);
	(void)reply_send(&svc->reply, process_peer);
	freeze_turn(svc);
}

static void
hold(uint64_t id, int64_t limit_ms)
{
	ask(OP_WRITES_HOLD, id, limit_ms, process_peer);
}

static void
release(uint64_t id)
{
	ask(OP_WRITES_RELEASE, id, 0, process_peer);
}

static void
check_answer(const char *row, uint64_t id, enum err error)
{
	struct answer	a = process_answer();

	check_number(row, (int64_t)a.id, (int64_t)id);
	check_number(row, a.error, error);
}

static void
who_may_begin(void **state)
{
	static const struct {
		const char	*name;
		enum role_state	 role;
		enum phase	 phase;
		uint64_t	 id;
		int64_t		 limit_ms;
		enum err	 want;
	} rows[] = {
		{ "a reader", ROLE_READER, PHASE_RUNNING, 1, 100,
		    ERR_UNAVAILABLE },
		{ "a read-only store", ROLE_READ_ONLY, PHASE_RUNNING, 1, 100,
		    ERR_UNAVAILABLE },
		{ "a process that leaves", ROLE_WRITER, PHASE_LEAVING, 1, 100,
		    ERR_UNAVAILABLE },
		{ "no time", ROLE_WRITER, PHASE_RUNNING, 1, 0,
		    ERR_BAD_REQUEST },
		{ "too long a time", ROLE_WRITER, PHASE_RUNNING, 1, 1001,
		    ERR_BAD_REQUEST },
		{ "no number", ROLE_WRITER, PHASE_RUNNING, 0, 100,
		    ERR_BAD_REQUEST },
		{ "the writer", ROLE_WRITER, PHASE_RUNNING, 1, 1000, OK },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		svc->role.state = rows[i].role;
		svc->lifecycle.phase = rows[i].phase;
		hold(rows[i].id, rows[i].limit_ms);
		check_answer(rows[i].name, rows[i].id, rows[i].want);
		check_number(rows[i].name, freeze_is_on(&svc->freeze),
		    rows[i].want == OK);
	}
	check_true("tallies are hurried", svc->outbox.emitted);
	hold(2, 100);
	check_answer("one at a time", 2, ERR_CONFLICT);
}

static void
it_is_answered_when_no_write_is_under_way(void **state)
{
	(void)state;
	svc->role.state = ROLE_WRITER;
	svc->writes.clients = 1;
	hold(1, 1000);
	process_check_silence("a write is under way");
	svc->writes.clients = 0;
	freeze_turn(svc);
	check_answer("none is", 1, OK);
	freeze_turn(svc);
	process_check_silence("it is answered once");
	release(2);
	check_answer("it has lasted", 2, OK);
	release(3);
	check_answer("it is over", 3, ERR_GONE_AWAY);
}

static void
it_did_not_last(void **state)
{
	(void)state;
	svc->role.state = ROLE_WRITER;
	svc->writes.clients = 1;
	hold(1, 1000);
	release(2);
	check_answer("it was never answered", 2, ERR_GONE_AWAY);
	check_true("over", !freeze_is_on(&svc->freeze));
	svc->writes.clients = 0;
	hold(3, 1000);
	check_answer("begun", 3, OK);
	ask(OP_WRITES_RELEASE, 4, 0, text_of("another"));
	check_answer("another's", 4, ERR_GONE_AWAY);
	check_true("it goes on", freeze_is_on(&svc->freeze));
	svc->freeze.until_ms = clock_ms() - 1;
	log_set_level(LEVEL_ERROR);
	freeze_turn(svc);
	check_true("its time is over", !freeze_is_on(&svc->freeze));
	release(5);
	check_answer("too late", 5, ERR_GONE_AWAY);
}

int
main(void)
{
#define HERE(sentence, f) ON_PROCESS(&lookup_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		HERE("the process that writes freezes, for a while, once",
		    who_may_begin),
		HERE("it is answered when no client's write is under way",
		    it_is_answered_when_no_write_is_under_way),
		HERE("a freeze that did not last is told",
		    it_did_not_last),
	};

	zsys_handler_set(NULL);
	return cmocka_run_group_tests_name("freeze", tests, NULL, NULL);
}
