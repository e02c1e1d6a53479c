/*
 * gateway/http/connection.c, included for its statics. Its sockets are numbers of
 * a table here, and not the kernel's.
 */
#include "exchange.h"

#include <h2o.h>
#include <linux/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

static int	end_socket(int, int);
static int	count_received(int, int, int, void *, socklen_t *);

static ssize_t	peek(int, void *, size_t, int);
static void	stop_reading(h2o_socket_t *);
static void	start_reading(h2o_socket_t *, h2o_socket_cb);

#define recv		peek
#define shutdown	end_socket
#define getsockopt	count_received
#define h2o_socket_read_stop	stop_reading
#define h2o_socket_read_start	start_reading
#include "gateway/http/connection.c"

static void
descriptors_bound_the_connections(void **state)
{
	static const struct { const char *name; int64_t setting, threads;
	    uint64_t descriptors; int64_t want; } rows[] = {
		{ "enough", 1000, 1, 20000, 1000 },
		{ "just enough", 1000, 1, 1160, 1000 },
		{ "one too few", 1000, 1, 1159, 999 },
		{ "too few", 65536, 1, 20000, 19840 },
		{ "each thread needs some", 65536, 4, 20000, 19744 },
		{ "hardly any: half of them", 65536, 1, 64, 32 },
		{ "many threads, few of them", 65536, 64, 1024, 512 },
		{ "no limit", 1000000, 64, RLIM_INFINITY, 1000000 },
	};
	struct settings	s = { 0 };

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		s.max_connections = rows[i].setting;
		s.gateway_threads = rows[i].threads;
		check_number(rows[i].name, connections_most(&s,
		    rows[i].descriptors), rows[i].want);
	}
}

static void
no_more_are_reserved_than_there_may_be(void **state)
{
	struct gateway	g = { .connections_most = 2 };

	(void)state;
	check_true("first", connection_reserve(&g));
	check_true("second", connection_reserve(&g));
	check_true("third", !connection_reserve(&g));
	check_number("a refused one does not count", g.connections, 2);
	connection_release(&g);
	check_true("in its place", connection_reserve(&g));
}

/* --- room ----------------------------------------------------------------- */

#define NOW_MS	100000

static const struct settings	settings = { .idle_timeout_ms = 1000 };
static struct gateway		gateway;
static struct worker		worker;
static struct connection	connections[100];
static h2o_socket_t		socks[100];
static h2o_buffer_t		inputs[100];

static struct connection *
add(unsigned i, int64_t idle_ms)
{
	struct connection	*c = &connections[i];

	c->worker = &worker;
	c->sock = &socks[i];
	socks[i].input = &inputs[i];
	inputs[i].size = 0;
	touch(c, NOW_MS - idle_ms);
	return c;
}

static int	unread = -1;	/* whose bytes wait to be read */
static bool	is_ended[100];
static uint64_t	come[100], gone[100];	/* bytes */

int
h2o_socket_get_fd(h2o_socket_t *sock)
{
	return (int)(sock - socks);
}

static int
end_socket(int i, int how)
{
	(void)how;
	is_ended[i] = true;
	return 0;
}

static ssize_t
peek(int i, void *ret, size_t len, int flags)
{
	(void)ret;
	(void)len;
	(void)flags;
	return i == unread;
}

static int
count_received(int i, int level, int name, void *ret, socklen_t *ret_len)
{
	struct tcp_info	*info = ret;

	check_number("level", level, IPPROTO_TCP);
	check_number("name", name, TCP_INFO);
	check_number("size", (int64_t)*ret_len, sizeof(*info));
	info->tcpi_bytes_received = come[i];
	info->tcpi_bytes_acked = gone[i];
	return 0;
}

/* The connection that has a request whose body is coming. */
static int	uploads;

static h2o_socket_t *
get_socket(h2o_conn_t *conn)
{
	(void)conn;
	return &socks[uploads];
}

static int
each_request(h2o_context_t *ctx, int (*call)(h2o_req_t *, void *), void *data)
{
	static const h2o_conn_callbacks_t	callbacks = {
		.get_socket = get_socket };
	static h2o_conn_t	conn = { .callbacks = &callbacks };
	h2o_req_t		req = { .conn = &conn };

	(void)ctx;
	if (uploads == -1)
		return 0;
	socks[uploads].on_close.data = &connections[uploads];
	req.input.method = h2o_iovec_init(H2O_STRLIT("POST"));
	req.version = 0x101;
	return call(&req, data);
}

static int
no_request(h2o_context_t *ctx, int (*call)(h2o_req_t *, void *), void *data)
{
	(void)ctx;
	(void)call;
	(void)data;
	return 0;
}

static void
start_over(void)
{
	static h2o_globalconf_t	conf = {
		.http1.callbacks.foreach_request = no_request,
		.http2.callbacks.foreach_request = each_request };

	memset(&worker, 0, sizeof(worker));
	worker.ctx.globalconf = &conf;
	uploads = -1;
	memset(connections, 0, sizeof(connections));
	memset(is_ended, 0, sizeof(is_ended));
	memset(come, 0, sizeof(come));
	memset(gone, 0, sizeof(gone));
	unread = -1;
	memset(socks, 0, sizeof(socks));
	memset(&gateway, 0, sizeof(gateway));
	gateway.settings = &settings;
	worker.gateway = &gateway;
	connections_init(&worker);
}

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
	connections_make_room(&worker, NOW_MS);
	check_true("a body on its way in, over HTTP/2", !is_ended[3]);
	uploads = -1;
	connections_make_room(&worker, NOW_MS);
	check_true("idle for long", is_ended[0]);
	check_true("a request under way", !is_ended[1]);
	check_true("a request on its way in", !is_ended[2]);
	check_true("idle for a second", is_ended[3]);
	check_true("asked just now", !is_ended[4]);
	/* looked at every tick while somebody waits */
	for (ms = 0; ms < COMING_MS; ms += 100)
		connections_make_room(&worker, NOW_MS + ms);
	check_true("for some time it may go on", !is_ended[2]);
	come[2] += COMING_BYTES;
	for (; ms < 2 * COMING_MS; ms += 100)
		connections_make_room(&worker, NOW_MS + ms);
	check_true("it went on", !is_ended[2]);
	come[2] += COMING_BYTES - 1;
	for (; ms <= 3 * COMING_MS; ms += 100)
		connections_make_room(&worker, NOW_MS + ms);
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
	connections_make_room(&worker, NOW_MS);
	for (unsigned i = 0; i < 100; i++)
		ended += is_ended[i];
	check_number("ended", ended, ROOM);
	check_true("the first of them", is_ended[0] && is_ended[ROOM - 1]);
	connections_make_room(&worker, NOW_MS + 1);
	for (unsigned i = ROOM; i < 100; i++)
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
	connections_tick(&worker, NOW_MS);
	check_true("what came is read first", !is_ended[3]);
	unread = -1;
	connections_tick(&worker, NOW_MS);
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
	for (; late_ms < GRACE_MS; late_ms += 100)
		connections_tick(&worker, NOW_MS + late_ms);
	check_true("for a while", !is_ended[0]);
	connections_tick(&worker, NOW_MS + late_ms);
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
	connections_tick(&worker, now_ms);
	check_true("sent just now", !is_ended[0]);
	for (int i = 0; i < 10; i++) {
		now_ms += 3000;
		gone[0] += 3 * BODY_RATE_BYTES;
		connections_tick(&worker, now_ms);
	}
	check_true("as fast as it must", !is_ended[0]);
	now_ms += 3000;
	gone[0] += 3 * BODY_RATE_BYTES - 1;
	socks[0].bytes_written++;
	connections_tick(&worker, now_ms);
	check_true("more was sent meanwhile", !is_ended[0]);
	now_ms += 3000;
	gone[0] += 3 * BODY_RATE_BYTES - 1;
	connections_tick(&worker, now_ms);
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
	*read = COMING_BYTES;
	connections_tick(&worker, NOW_MS);
	check_true("it may have begun just now", !is_ended[0]);
	for (int second = 1; second < 100; second++) {
		*read += BODY_RATE_BYTES;
		connections_tick(&worker, NOW_MS + second * 1000);
	}
	check_true("as fast as it must", !is_ended[0]);
	*read += BODY_RATE_BYTES - 1;
	connections_tick(&worker, NOW_MS + 100 * 1000);
	check_true("and a little slower", is_ended[0]);

	start_over();
	uploads = 0;
	add(0, 1000);
	inputs[0].size = 1;
	*read = 100 * BODY_RATE_BYTES;
	gateway.pressure = PRESSURE_BODIES;
	connections_tick(&worker, NOW_MS);
	check_true("where there is no memory for it", is_ended[0]);
	check_number("the longest", connection_body_ms(&settings,
	    10 * BODY_RATE_BYTES), 12000);
}

/* --- rest ------------------------------------------------------------------- */

static void
stop_reading(h2o_socket_t *sock)
{
	sock->_cb.read = NULL;
}

static void
start_reading(h2o_socket_t *sock, h2o_socket_cb cb)
{
	sock->_cb.read = cb;
}

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

	c->reader = c->sock->data = &socks[i];
	c->sock->_cb.read = read_request;
	return c;
}

static void
who_was_refused_rests(void **state)
{
	(void)state;
	start_over();
	on_rest(&add_refused(0)->rest_soon);
	add_refused(1)->requests = 1;
	on_rest(&connections[1].rest_soon);
	add_refused(2)->sock->_cb.read = NULL;
	on_rest(&connections[2].rest_soon);
	add_refused(3)->sock->_cb.read = throw_away;
	socks[3].data = &connections[3];
	on_rest(&connections[3].rest_soon);
	check_true("waiting", socks[0]._cb.read == NULL);
	check_true("asked again", socks[1]._cb.read == read_request);
	check_true("h2o does not read", !h2o_linklist_is_linked(
	    &connections[2].rest));
	check_true("another one reads", socks[3]._cb.read == throw_away);
	let_go_on(&worker, clock_ms());
	check_true("goes on", socks[0]._cb.read == read_request);
	check_true("all do", h2o_linklist_is_empty(&worker.resting));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("there are no more connections than descriptors allow",
		    descriptors_bound_the_connections),
		TEST("no more are reserved than there may be",
		    no_more_are_reserved_than_there_may_be),
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
		TEST("who was refused rests while it waits",
		    who_was_refused_rests),
	};

	return cmocka_run_group_tests_name("connection", tests, NULL, NULL);
}
