/* gateway/bus/bus.c, with a ROUTER in this process for a user service. */
#include "unit.h"

#include <czmq.h>

#include "base/clock.h"
#include "gateway/bus/bus.h"
#include "gateway/cache/tokens.h"
#include "gateway/worker.h"
#include "proto/frame.h"
#include "proto/peer/replica.h"
#include "proto/peer/resolve.h"

static struct {
	char			 folder[FOLDER_SIZE];
	char			 endpoint[FOLDER_SIZE + 16];
	zsock_t			*router;
	struct frame_reader	*frames;
	struct settings		 settings;
	struct gateway		 gateway;
	struct worker		 worker;
} *desk;

static const struct bus_events	events;

static int
start(void **state)
{
	struct gateway	*g;

	(void)state;
	desk = must_alloc(sizeof(*desk));
	unit_folder_make(desk->folder);
	snprintf(desk->endpoint, sizeof(desk->endpoint), "ipc://%s/user",
	    desk->folder);
	desk->router = zsock_new(ZMQ_ROUTER);
	assert_int_equal(zsock_bind(desk->router, "%s", desk->endpoint), 0);
	desk->frames = frame_reader_new();
	desk->settings = (struct settings){ .max_pending = 64,
		.request_timeout_ms = 5000,
		.user_endpoint = desk->endpoint };
	g = &desk->gateway;
	g->settings = &desk->settings;
	g->resolver =
	    resolver_new(&desk->settings, UINT64_C(1) << SERVICE_USER);
	desk->worker.gateway = g;
	desk->worker.ctx.loop = h2o_evloop_create();
	desk->worker.tokens = tokens_new();
	desk->worker.bus = bus_new(&desk->worker, &events);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	bus_destroy(&desk->worker.bus);
	tokens_destroy(&desk->worker.tokens);
	resolver_destroy(&desk->gateway.resolver);
	frame_reader_destroy(&desk->frames);
	zsock_destroy(&desk->router);
	unit_folder_remove(desk->folder);
	free(desk);
	return 0;
}

/* Answer each PING that comes within a while. */
static void
answer_pings(void)
{
	zmq_pollitem_t	item = { zsock_resolve(desk->router), 0, ZMQ_POLLIN, 0 };
	zmq_msg_t	from, body;
	struct request	ping;
	struct answer	pong = { .error = OK };
	struct buf	out = { 0 };

	while (zmq_poll(&item, 1, 1) == 1) {
		zmq_msg_init(&from);
		zmq_msg_init(&body);
		assert_true(zmq_msg_recv(&from, item.socket, 0) != -1);
		assert_true(zmq_msg_recv(&body, item.socket, 0) != -1);
		frame_reader_start(
		    desk->frames, zmq_msg_data(&body), zmq_msg_size(&body));
		assert_int_equal(
		    frame_next_request(desk->frames, &ping), FRAME_ONE);
		check_number("a PING", ping.op, OP_PING);
		pong.id = ping.id;
		out.len = 0;
		frame_put_answer(&out, &pong);
		assert_true(
		    zmq_msg_send(&from, item.socket, ZMQ_SNDMORE) != -1);
		assert_true(zmq_send(item.socket, out.base, out.len, 0) != -1);
		zmq_msg_close(&body);
	}
	buf_done(&out);
}

/* It cannot know what it missed, and trusts no token that it knows. */
static void
who_slept_has_to_hear_first(void **state)
{
	struct bus	*b = desk->worker.bus;

	(void)state;
	check_true("nothing was heard yet", bus_slept(b, SERVICE_USER));
	while (!bus_is_up(b, SERVICE_USER) || bus_slept(b, SERVICE_USER)) {
		bus_tick(b, clock_ms());
		answer_pings();
	}
	check_true("it was heard", bus_heard_ms(b, SERVICE_USER) > 0);
	check_true("another was not", bus_slept(b, SERVICE_TICKET));
	bus_tick(b, clock_ms() + REPLICA_DOWN_MS);
	check_true("a tick came too late", bus_slept(b, SERVICE_USER));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		{ "a worker that slept has to hear of a service first",
		    who_slept_has_to_hear_first, start, end, NULL },
	};

	zsys_handler_set(NULL);
	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
