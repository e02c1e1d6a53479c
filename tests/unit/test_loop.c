/* services/runtime/loop.c: which requests are taken, and which are refused. */
#include "process.h"

#include <limits.h>

#include "base/clock.h"
#include "services/runtime/loop.h"

#define WAITS	(-1) /* taken, and not answered yet */

static struct svc	*svc = &process.svc;

/* Ask, and say how it was answered, or that it waits for the writer lane. */
static int
ask(struct request r)
{
	struct answer	 a;
	struct call	*c;

	r.id = 1;
	r.actor = 1;
	r.request_id = TEXT_OF("test");
	args_put_number(&r.args, KEY_ID, 1);
	loop_dispatch(svc, &r, process_peer);
	reads_end(svc);
	c = turns_take(&svc->writes.waiting);
	if (c != NULL) {
		calls_release(&svc->calls, c);
		process_check_silence("it waits");
		return WAITS;
	}
	assert_true(reply_send(&svc->reply, process_peer));
	a = process_answer();
	return (int)a.error;
}

/* Nothing is sent to the lane, which these processes do not have. */
static void
fill_lane(void)
{
	svc->writes.clients = INT_MAX;
}

static void
who_reads_and_who_writes(void **state)
{
	static const struct {
		const char	*name;
		enum role_state	 role;
		enum phase	 phase;
		int		 read, write;
	} rows[] = {
		{ "the writer", ROLE_WRITER, PHASE_RUNNING, OK, WAITS },
		{ "... that will leave", ROLE_WRITER, PHASE_LEAVING, OK,
		    WAITS },
		{ "... that has begun to stop", ROLE_WRITER, PHASE_STOPPING, OK,
		    ERR_UNAVAILABLE },
		{ "... that closes", ROLE_WRITER, PHASE_CLOSING,
		    ERR_UNAVAILABLE, ERR_UNAVAILABLE },
		{ "another process", ROLE_READER, PHASE_RUNNING, OK,
		    ERR_UNAVAILABLE },
		{ "... that closes", ROLE_READER, PHASE_CLOSING,
		    ERR_UNAVAILABLE, ERR_UNAVAILABLE },
		{ "a disk that takes no writes", ROLE_READ_ONLY, PHASE_RUNNING,
		    OK, ERR_STORE },
		{ "... that takes them again", ROLE_REOPENING, PHASE_RUNNING,
		    OK, ERR_STORE },
	};

	(void)state;
	fill_lane();
	for (size_t i = 0; i < LEN(rows); i++) {
		svc->role.state = rows[i].role;
		svc->lifecycle.phase = rows[i].phase;
		check_number(rows[i].name,
		    ask((struct request){ .op = OP_STATUS_GET }), rows[i].read);
		check_number(rows[i].name,
		    ask((struct request){ .op = OP_DEPARTMENT_CREATE }),
		    rows[i].write);
	}
}

/* What a service asks of itself is not an operation for its peers. */
static void
what_nobody_may_ask(void **state)
{
	static const enum op_code	ops[] = {
		OP_OUTBOX_DONE,
		OP_EVENT_SET_ASIDE,
		OP_USER_GET,
		OP_TICKET_CREATE,
		(enum op_code)0,
		(enum op_code)9999,
	};

	(void)state;
	fill_lane();
	svc->role.state = ROLE_WRITER;
	for (size_t i = 0; i < LEN(ops); i++)
		check_number("operation", ask((struct request){ .op = ops[i] }),
		    ERR_UNKNOWN_OP);
}

static void
what_comes_too_late_or_too_large(void **state)
{
	int64_t	now_ms = clock_ms();

	(void)state;
	fill_lane();
	svc->role.state = ROLE_WRITER;
	for (int i = 0; i < 2; i++) {
		enum op_code	op = i == 0 ? OP_STATUS_GET : OP_DEPARTMENT_CREATE;

		check_number("too late",
		    ask((struct request){ .op = op, .expires_ms = now_ms - 1 }),
		    ERR_EXPIRED);
		check_number("in time",
		    ask((struct request){
			.op = op, .expires_ms = now_ms + 600000 }),
		    i == 0 ? OK : WAITS);
		check_number("too many arguments",
		    ask((struct request){ .op = op, .args.overfull = true }),
		    ERR_BAD_REQUEST);
	}
}

int
main(void)
{
#define HERE(sentence, f) ON_PROCESS(&lookup_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		HERE("any process reads, the one with the lock writes, "
		     "until it stops",
		    who_reads_and_who_writes),
		HERE("operations of others, and of the service itself, are "
		     "not known",
		    what_nobody_may_ask),
		HERE("what comes too late, or is not as it should be, is "
		     "refused",
		    what_comes_too_late_or_too_large),
	};

	zsys_handler_set(NULL);
	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
