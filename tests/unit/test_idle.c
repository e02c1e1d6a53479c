/* gateway/http/connection/idle.c */
#include "connections.h"

#include "gateway/http/connection/idle.h"

static void
the_idle_make_room(void **state)
{
	int	ms;

	(void)state;
	start_over();
	add(0, 9000);
	add(1, 8000)->requests = 1;
	add(2, 7000);
	inputs[2].size = 1;
	add(3, 1000);
	add(4, 999);
	uploads = 3;
	idle_make_room(&worker, NOW_MS);
	check_true("a body on its way in, over HTTP/2", !is_ended[3]);
	uploads = -1;
	idle_make_room(&worker, NOW_MS);
	check_true("idle for long", is_ended[0]);
	check_true("a request under way", !is_ended[1]);
	check_true("a request on its way in", !is_ended[2]);
	check_true("idle for a second", is_ended[3]);
	check_true("asked just now", !is_ended[4]);
	/* looked at every tick while somebody waits */
	for (ms = 0; ms < IDLE_COMING_MS; ms += 100)
		idle_make_room(&worker, NOW_MS + ms);
	check_true("for some time it may go on", !is_ended[2]);
	come[2] += IDLE_COMING_BYTES;
	for (; ms < 2 * IDLE_COMING_MS; ms += 100)
		idle_make_room(&worker, NOW_MS + ms);
	check_true("it went on", !is_ended[2]);
	come[2] += IDLE_COMING_BYTES - 1;
	for (; ms <= 3 * IDLE_COMING_MS; ms += 100)
		idle_make_room(&worker, NOW_MS + ms);
	check_true("it came too slowly", is_ended[2]);
	check_true("that is answered", !is_ended[1]);
}

static void
room_is_made_a_few_at_a_time(void **state)
{
	unsigned	ended = 0;

	(void)state;
	start_over();
	for (unsigned i = 0; i < 100; i++)
		add(i, 5000);
	idle_make_room(&worker, NOW_MS);
	for (unsigned i = 0; i < 100; i++)
		ended += is_ended[i];
	check_number("ended", ended, IDLE_ROOM);
	check_true("the first of them", is_ended[0] && is_ended[IDLE_ROOM - 1]);
	idle_make_room(&worker, NOW_MS + 1);
	for (unsigned i = IDLE_ROOM; i < 100; i++)
		check_true("the others", is_ended[i]);
}

static void
what_does_not_come_to_an_end_is_ended(void **state)
{
	(void)state;
	start_over();
	add(0, 3001)->requests = 1;
	connections[0].frames.spoken = true;
	add(1, 3000)->frames.spoken = true;
	add(2, 2000)->has_asked = connections[2].frames.spoken = true;
	add(3, 2000)->has_asked = true;
	add(4, 1000);
	add(5, 1000)->sock->bytes_read = 100;
	inputs[5].size = 100;
	add(6, 999);
	add(7, 2999)->frames.spoken = true;
	inputs[7].size = 5;
	unread = 3;
	idle_tick(&worker, NOW_MS);
	check_true("what came is read first", !is_ended[3]);
	unread = -1;
	idle_tick(&worker, NOW_MS);
	check_true("is being answered", !is_ended[0]);
	check_true("HTTP/2, for long enough", is_ended[1]);
	check_true("HTTP/2, not yet", !is_ended[2]);
	check_true("between two requests", is_ended[3]);
	check_true("before the first", is_ended[4]);
	check_true("half a head", is_ended[5]);
	check_true("not yet", !is_ended[6]);
	check_true("HTTP/2, half a frame", !is_ended[7]);
}

/* h2o has said its last word, which is not taken, and reads no more. */
static void
what_nobody_reads_is_not_waited_for(void **state)
{
	int64_t	late_ms = 0;

	(void)state;
	start_over();
	add(0, 1000)->has_asked = true;
	unread = 0;
	for (; late_ms < IDLE_GRACE_MS; late_ms += 100)
		idle_tick(&worker, NOW_MS + late_ms);
	check_true("for a while", !is_ended[0]);
	idle_tick(&worker, NOW_MS + late_ms);
	check_true("and no longer", is_ended[0]);
}

static void
an_answer_is_taken_as_fast_as_a_body_comes(void **state)
{
	int64_t	now_ms = NOW_MS;

	(void)state;
	start_over();
	add(0, 3001)->requests = 1;
	connections[0].answered = 1;
	socks[0].bytes_written = 8 << 20;	/* all of it, at once */
	idle_tick(&worker, now_ms);
	check_true("sent just now", !is_ended[0]);
	for (int i = 0; i < 10; i++) {
		now_ms += 3000;
		gone[0] += 3 * IDLE_BODY_RATE_BYTES;
		idle_tick(&worker, now_ms);
	}
	check_true("as fast as it must", !is_ended[0]);
	now_ms += 3000;
	gone[0] += 3 * IDLE_BODY_RATE_BYTES - 1;
	socks[0].bytes_written++;
	idle_tick(&worker, now_ms);
	check_true("more was sent meanwhile", !is_ended[0]);
	now_ms += 3000;
	gone[0] += 3 * IDLE_BODY_RATE_BYTES - 1;
	idle_tick(&worker, now_ms);
	check_true("too slowly", is_ended[0]);
}

static void
a_body_that_comes_goes_on(void **state)
{
	uint64_t	*read = &come[0];

	(void)state;
	start_over();
	uploads = 0;
	inputs[0].size = 1;
	add(0, 1000);
	inputs[0].size = 1;
	*read = IDLE_COMING_BYTES;
	idle_tick(&worker, NOW_MS);
	check_true("it may have begun just now", !is_ended[0]);
	for (int second = 1; second < 100; second++) {
		*read += IDLE_BODY_RATE_BYTES;
		idle_tick(&worker, NOW_MS + second * 1000);
	}
	check_true("as fast as it must", !is_ended[0]);
	*read += IDLE_BODY_RATE_BYTES - 1;
	idle_tick(&worker, NOW_MS + 100 * 1000);
	check_true("and a little slower", is_ended[0]);

	start_over();
	uploads = 0;
	add(0, 1000);
	inputs[0].size = 1;
	*read = 100 * IDLE_BODY_RATE_BYTES;
	gateway.pressure = PRESSURE_BODIES;
	idle_tick(&worker, NOW_MS);
	check_true("where there is no memory for it", is_ended[0]);
	check_number("the longest", idle_body_ms(&settings,
	    10 * IDLE_BODY_RATE_BYTES), 12000);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("those that ask for nothing make room, longest idle first",
		    the_idle_make_room),
		TEST("room is made a few at a time",
		    room_is_made_a_few_at_a_time),
		TEST("what does not come to an end is ended in its time",
		    what_does_not_come_to_an_end_is_ended),
		TEST("what nobody reads is not waited for",
		    what_nobody_reads_is_not_waited_for),
		TEST("an answer is to be taken as fast as a body is to come",
		    an_answer_is_taken_as_fast_as_a_body_comes),
		TEST("a body that comes fast enough goes on",
		    a_body_that_comes_goes_on),
	};

	return cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
