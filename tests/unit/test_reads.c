/* services/runtime/reads.c */
#include "process.h"

#include "base/clock.h"
#include "services/runtime/queue.h"
#include "services/store/store.h"

static struct svc	*svc = &process.svc;

static struct request
list_request(uint64_t id)
{
	struct request	r = { .id = id, .op = OP_STATUS_LIST, .actor = 1,
			    .request_id = TEXT_OF("test") };

	args_put_number(&r.args, KEY_PAGE, 1);
	args_put_number(&r.args, KEY_PER_PAGE, 50);
	return r;
}

static void
put_list(uint64_t id, int64_t expires_ms)
{
	struct request	r = list_request(id);

	r.expires_ms = expires_ms;
	queue_put(svc, &svc->reads.waiting, NULL, &r, process_peer);
}

static void
check_answer(uint64_t id, enum err error)
{
	struct answer	a = process_answer();

	check_number("to", (int64_t)a.id, (int64_t)id);
	check_number("error", a.error, error);
	check_number("with a list", a.fragment.len > 0, error == OK);
}

static void
a_list_whose_deadline_passed_is_refused(void **state)
{
	(void)state;
	put_list(1, clock_ms() + 60000);
	put_list(2, clock_ms() - 1);
	put_list(3, 0);
	while (svc->reads.waiting.count > 0)
		reads_take_turns(svc);
	check_answer(1, OK);
	check_answer(2, ERR_EXPIRED);
	check_answer(3, OK);
	process_check_silence("no more");
	check_number("all are done", svc->calls.count, 0);
}

static void
a_process_that_closes_refuses_what_waits(void **state)
{
	(void)state;
	put_list(1, 0);
	svc->lifecycle.phase = PHASE_CLOSING;
	reads_take_turns(svc);
	check_answer(1, ERR_UNAVAILABLE);
	put_list(2, 0);
	svc->lifecycle.phase = PHASE_STOPPING;
	reads_take_turns(svc);
	check_answer(2, OK);
}

static int64_t
count_statuses(void)
{
	struct request	r = list_request(1);

	check_true("answered", reads_run(svc, &r, NULL, 0));
	return svc->reads.call.answer.total;
}

static void
reads_of_one_slice_see_one_point(void **state)
{
	int64_t	before = count_statuses();

	(void)state;
	check_true("begun", svc->reads.begun);
	store_exec(desk.sqlite, "INSERT INTO statuses (status) "
	    "VALUES ('Lost')");
	check_number("as before", count_statuses(), before);
	reads_end(svc);
	check_true("ended", !svc->reads.begun);
	check_number("as it is", count_statuses(), before + 1);
	reads_end(svc);
}

static void
lists_wait_if_others_would_wait(void **state)
{
	(void)state;
	check_true("the slice is over", reads_are_awaited(svc));
	reads_begin_turn(svc);
	svc->reads.at_once_until_us += 60000000;
	check_true("alone", !reads_are_awaited(svc));
	put_list(1, 0);
	check_true("behind a list", reads_are_awaited(svc));
	reads_take_turns(svc);
	check_true("alone again", !reads_are_awaited(svc));
	frame_reader_start(svc->frames, "more", 4);
	check_true("before other requests", reads_are_awaited(svc));
}

int
main(void)
{
#define HERE(sentence, f) ON_PROCESS(&lookup_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		HERE("a list whose deadline passed while it waited is refused",
		    a_list_whose_deadline_passed_is_refused),
		HERE("a process that closes refuses lists that wait",
		    a_process_that_closes_refuses_what_waits),
		HERE("reads of one slice see the store at one point",
		    reads_of_one_slice_see_one_point),
		HERE("a list waits if another request would wait for it",
		    lists_wait_if_others_would_wait),
	};

	zsys_handler_set(NULL);
	return cmocka_run_group_tests_name("reads", tests, NULL, NULL);
}
