/* gateway/http/connection/rest.c */
#include "connections.h"

#include "base/clock.h"
#include "gateway/http/connection/rest.h"

static void
read_request(h2o_socket_t *sock, const char *err)
{
	(void)sock, (void)err;
}

static void
throw_away(h2o_socket_t *sock, const char *err)
{
	(void)sock, (void)err;
}

/* One that asked when there was no room, and waits for its next request. */
static struct connection *
add_refused(unsigned i)
{
	struct connection	*c = add(i, 0);

	c->rest.reader = c->sock->data = &socks[i];
	c->sock->_cb.read = read_request;
	return c;
}

/* libh2o is back from the answer, and waits for the next request. */
static void
let_wait(unsigned i)
{
	rest_soon(&connections[i]);
	check_true("soon", h2o_timeout_is_linked(&connections[i].rest.soon));
	h2o_timeout_unlink(&connections[i].rest.soon);
	connections[i].rest.soon.cb(&connections[i].rest.soon);
}

static void
who_was_refused_rests(void **state)
{
	(void)state;
	start_over();
	worker.ctx.loop = h2o_evloop_create();
	h2o_timeout_init(worker.ctx.loop, &worker.ctx.zero_timeout, 0);
	add_refused(0);
	let_wait(0);
	add_refused(1)->requests = 1;
	let_wait(1);
	add_refused(2)->sock->_cb.read = NULL;
	let_wait(2);
	add_refused(3)->sock->_cb.read = throw_away;
	socks[3].data = &connections[3];
	let_wait(3);
	check_true("waiting", socks[0]._cb.read == NULL);
	check_true("asked again", socks[1]._cb.read == read_request);
	check_true("h2o does not read", !h2o_linklist_is_linked(
	    &connections[2].rest.link));
	check_true("another one reads", socks[3]._cb.read == throw_away);
	rest_tick(&worker, clock_ms());
	check_true("goes on", socks[0]._cb.read == read_request);
	check_true("all do", h2o_linklist_is_empty(&worker.resting));
	h2o_timeout_dispose(worker.ctx.loop, &worker.ctx.zero_timeout);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("who was refused rests while it waits",
		    who_was_refused_rests),
	};

	return cmocka_run_group_tests_name("rest", tests, NULL, NULL);
}
