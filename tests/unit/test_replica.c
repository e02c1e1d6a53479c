/* proto/peer/replica.c, with a ROUTER in this process for a peer. */
#include "unit.h"

#include "base/log.h"
#include "proto/peer/replica.h"

#define ENDPOINT	"inproc://replica"

static void
connect_to(const void *endpoint)
{
	struct replica	*r = replica_new(SERVICE_USER, endpoint);

	replica_destroy(&r);
}

/* First of all: processes must be made before there are threads. */
static void
what_is_no_endpoint_ends_it(void **state)
{
	struct end	end;

	(void)state;
	unit_run(connect_to, "carrier-pigeon://coop", &end);
	check_number("status", end.status, 1);
	check_part("said", end.said,
	    "the endpoint of the user service, carrier-pigeon://coop, "
	    "cannot be used");
}

static void
clocks_go_on(void **state)
{
	int64_t	before = clock_ms();

	(void)state;
	check_true("not backwards", clock_ms() >= before);
	check_true("small enough for an id", (uint64_t)before <
	    REPLICA_FIRST_ID);
}

/* One message, or a failure after two seconds. */
static zmq_msg_t *
receive(zsock_t *sock, zmq_msg_t *message)
{
	zmq_pollitem_t	item = { zsock_resolve(sock), 0, ZMQ_POLLIN, 0 };

	assert_int_equal(zmq_poll(&item, 1, 2000), 1);
	zmq_msg_init(message);
	assert_true(zmq_msg_recv(message, zsock_resolve(sock), 0) != -1);
	return message;
}

/* The next request that a ROUTER gets, and who sent it. */
static void
receive_request(zsock_t *router, struct frame_reader *frames, zmq_msg_t *from,
    zmq_msg_t *body, struct request *ret)
{
	receive(router, from);
	receive(router, body);
	frame_reader_start(frames, zmq_msg_data(body), zmq_msg_size(body));
	assert_int_equal(frame_next_request(frames, ret), FRAME_ONE);
	assert_int_equal(frame_next_request(frames, &(struct request){ 0 }),
	    FRAME_END);
}

static void
pings_go_out_when_they_are_due(void **state)
{
	zsock_t			*router = zsock_new_router("@" ENDPOINT);
	struct replica		*r = replica_new(SERVICE_USER, ENDPOINT);
	struct frame_reader	*frames = frame_reader_new();
	struct args		 extra = { 0 };
	struct request		 ping;
	zmq_msg_t		 from, body;
	static const int64_t	 times[] = { 1000, 1000 + REPLICA_PING_MS };

	(void)state;
	assert_non_null(router);
	args_put_number(&extra, KEY_SEEN, 12);
	replica_ping(r, 1000, &extra);
	replica_ping(r, 1000 + REPLICA_PING_MS - 1, &extra);	/* too soon */
	replica_ping(r, 1000 + REPLICA_PING_MS, NULL);
	for (int i = 0; i < 2; i++) {
		receive_request(router, frames, &from, &body, &ping);
		check_number("operation", (int64_t)ping.op, OP_PING);
		check_number("id is the time", (int64_t)ping.id, times[i]);
		check_number("extra", args_number(&ping.args, KEY_SEEN, 0),
		    i == 0 ? 12 : 0);
		zmq_msg_close(&from);
		zmq_msg_close(&body);
	}
	frame_reader_destroy(&frames);
	replica_destroy(&r);
	check_true("gone", r == NULL);
	replica_destroy(&r);
	zsock_destroy(&router);
}

static struct answer
pong(int64_t sent_ms, enum err error)
{
	struct answer	a = { .id = (uint64_t)sent_ms, .error = error };

	args_put_number(&a.extra, KEY_CLOCK, 50000);
	args_put_number(&a.extra, KEY_WRITES, 1);
	return a;
}

static void
answers_make_it_up(void **state)
{
	static const struct { const char *name; int64_t sent, now, heard;
	    enum err error; bool up; int64_t clock; bool unsent; } rows[] = {
		{ "in time", 1000, 1010, 0, OK, true, 49000, false },
		{ "just in time", 1000, 1000 + REPLICA_DOWN_MS - 1, 0, OK,
		    true, 49000, false },
		{ "too late", 1000, 1000 + REPLICA_DOWN_MS, 0, OK, false, 0, false },
		{ "from the future", 1001, 1000, 0, OK, false, 0, false },
		{ "older than what was heard", 1000, 1010, 1500, OK, false, 0, false },
		{ "the same again", 1000, 1010, 1000, OK, false, 0, false },
		{ "an error", 1000, 1010, 0, ERR_UNKNOWN_OP, false, 0, false },
		{ "never sent", 1000, 1010, 0, OK, false, 0, true },
	};
	struct replica	r;
	struct answer	a;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		r = (struct replica){ .service = SERVICE_POST, .endpoint =
		    (char *)(uintptr_t)"x", .heard_ms = rows[i].heard };
		if (!rows[i].unsent)
			r.pings[7] = rows[i].sent;
		a = pong(rows[i].sent, rows[i].error);
		check_number(rows[i].name, replica_take_pong(&r, &a,
		    rows[i].now), rows[i].up ? PONG_HEARD : PONG_VOID);
		check_number(rows[i].name, replica_is_up(&r), rows[i].up);
		check_number(rows[i].name, r.writes, rows[i].up);
		check_number(rows[i].name, replica_clock(&r, 1),
		    rows[i].clock + 1);
	}
	a = pong(0, OK);
	a.id = REPLICA_FIRST_ID;
	check_number("of a request", replica_take_pong(&r, &a, 1000),
	    PONG_NONE);
	a.id = REPLICA_FIRST_ID - 1;
	check_number("the last PING's", replica_take_pong(&r, &a, 1000),
	    PONG_VOID);
}

/* A peer may tell any number; deadlines are added to it. */
static void
absurd_clocks_are_bounded(void **state)
{
	static const struct { const char *name; int64_t told, kept; } rows[] = {
		{ "the least", INT64_MIN, 0 },
		{ "the most", INT64_MAX, REPLICA_CLOCK_MOST },
		{ "before the start", -1, 0 },
		{ "a long time", INT64_C(1) << 40, INT64_C(1) << 40 },
	};
	struct replica	r;
	struct answer	a;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		r = (struct replica){ .service = SERVICE_POST, .endpoint =
		    (char *)(uintptr_t)"x", .pings = { 1000 } };
		a = pong(1000, OK);
		args_put_number(&a.extra, KEY_CLOCK, rows[i].told);
		check_number(rows[i].name, replica_take_pong(&r, &a, 1001),
		    PONG_HEARD);
		check_number(rows[i].name, replica_clock(&r, 1000),
		    rows[i].kept);
	}
}

static void
news_are_of_the_run_that_was_heard(void **state)
{
	struct replica	r = { .service = SERVICE_POST,
			    .endpoint = (char *)(uintptr_t)"x",
			    .pings = { 1000 } };
	struct answer	a = pong(0, OK);

	(void)state;
	args_put_number(&a.extra, KEY_INSTANCE, 7);
	check_number("not up", replica_take_pong(&r, &a, 1001), PONG_VOID);
	a.id = 1000;
	check_number("heard", replica_take_pong(&r, &a, 1001), PONG_HEARD);
	a.id = 0;
	args_put_number(&a.extra, KEY_LEAVING, 1);
	args_put_number(&a.extra, KEY_LOADING, 1);
	check_number("news", replica_take_pong(&r, &a, 1001), PONG_UNSOLICITED);
	check_true("it leaves", r.leaving);
	check_true("it loads", r.loading);
	args_put_number(&a.extra, KEY_INSTANCE, 8);
	check_number("another's", replica_take_pong(&r, &a, 1001), PONG_VOID);
	check_true("it is the same", !r.restarted);
}

static void
silence_makes_it_lost(void **state)
{
	struct replica	r = { .service = SERVICE_POST,
			    .endpoint = (char *)(uintptr_t)"x",
			    .pings = { 1000, 5000 } };
	struct answer	a = pong(1000, OK);

	(void)state;
	check_true("it was never up", !replica_lost(&r, 9000));
	replica_take_pong(&r, &a, 1000);
	check_true("not yet", !replica_lost(&r, 1000 + REPLICA_DOWN_MS - 1));
	check_true("still up", replica_is_up(&r));
	check_true("now", replica_lost(&r, 1000 + REPLICA_DOWN_MS));
	check_true("down", !replica_is_up(&r));
	check_true("told once", !replica_lost(&r, 1000 + REPLICA_DOWN_MS));
	a = pong(5000, OK);
	replica_take_pong(&r, &a, 5001);
	check_true("up again", replica_is_up(&r));
	replica_disconnect(&r);
	check_true("counts as up", replica_is_up(&r));
	check_true("gone at once", replica_lost(&r, 5001));
	check_true("down again", !replica_is_up(&r));
}

static void
what_is_collected_goes_out_as_one_message(void **state)
{
	struct replica		*r = replica_new(SERVICE_USER,
				    "inproc://replica-late");
	zsock_t			*router;
	struct frame_reader	*frames = frame_reader_new();
	struct request		 request;
	zmq_msg_t		 from, body;

	(void)state;
	check_true("nothing to send", replica_flush(r));
	buf_reserve(&r->out, ((size_t)8 << 20) + 1);
	r->out.len = ((size_t)8 << 20) + 1;
	check_true("more than its peer takes", !replica_flush(r));
	r->out.len = 0;
	frame_put_request(&r->out, &(struct request){ .id = 1 });
	frame_put_request(&r->out, &(struct request){ .id = 2 });
	/* inproc: a DEALER that was connected first has a pipe already, but
	 * what is in it is delivered once there is somebody */
	check_true("sent", replica_flush(r));
	check_number("nothing is left", (int64_t)r->out.len, 0);
	router = zsock_new_router("@inproc://replica-late");
	assert_non_null(router);
	receive(router, &from);
	receive(router, &body);
	frame_reader_start(frames, zmq_msg_data(&body), zmq_msg_size(&body));
	for (uint64_t id = 1; id <= 2; id++) {
		assert_int_equal(frame_next_request(frames, &request),
		    FRAME_ONE);
		check_number("id", (int64_t)request.id, (int64_t)id);
	}
	/* and back */
	assert_true(zmq_msg_send(&from, zsock_resolve(router), ZMQ_SNDMORE)
	    != -1);
	assert_int_equal(zmq_send(zsock_resolve(router), "abc", 3, 0), 3);
	zmq_msg_close(&body);
	zmq_msg_init(&body);
	check_true("received", replica_receive(r, &body));
	check_text("as it was", (struct text){ zmq_msg_data(&body),
	    zmq_msg_size(&body) }, TEXT_OF("abc"));
	check_true("no more", !replica_receive(r, &body));
	zmq_msg_close(&body);
	frame_reader_destroy(&frames);
	replica_destroy(&r);
	zsock_destroy(&router);
}

static void
nothing_waits_for_a_process_that_is_not_there(void **state)
{
	char		 folder[FOLDER_SIZE], endpoint[FOLDER_SIZE + 16];
	struct replica	*r;
	size_t		 len;

	(void)state;
	unit_folder_make(folder);
	snprintf(endpoint, sizeof(endpoint), "ipc://%s/nobody", folder);
	r = replica_new(SERVICE_USER, endpoint);
	frame_put_request(&r->out, &(struct request){ .id = 1 });
	len = r->out.len;
	check_true("cannot be sent", !replica_flush(r));
	check_number("stays collected", (int64_t)r->out.len, (int64_t)len);
	replica_destroy(&r);
	unit_folder_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("what is no endpoint ends the process, and is named",
		    what_is_no_endpoint_ends_it),
		TEST("our clock does not go backwards", clocks_go_on),
		TEST("a PING goes out when one is due, and says more if asked",
		    pings_go_out_when_they_are_due),
		TEST("an answer in time makes a replica up",
		    answers_make_it_up),
		TEST("absurd clocks are bounded", absurd_clocks_are_bounded),
		TEST("news are of the run that was heard",
		    news_are_of_the_run_that_was_heard),
		TEST("silence makes a replica lost, once",
		    silence_makes_it_lost),
		TEST("what is collected goes out as one message",
		    what_is_collected_goes_out_as_one_message),
		TEST("nothing waits for a process that is not there",
		    nothing_waits_for_a_process_that_is_not_there),
	};

	zsys_handler_set(NULL);
	log_set_level(LEVEL_ERROR);
	return cmocka_run_group_tests_name("replica", tests, NULL, NULL);
}
