/*
 * services/runtime/socket/sender.c. Within one process ZeroMQ hands over what
 * it is given, so that a message's bytes are seen where they are, and are gone
 * when the peer closes it.
 */
#include "services/runtime/socket/sender_private.h"

#include <zmq.h>

#include "unit.h"

#define LARGE	(SMALL_BYTES + 1)
#define MOST	(LENT_BUFS + 4)	/* messages that a test sends */

static struct {
	void		*context, *router, *peer;
	struct buf	 frames;
	zmq_msg_t	 got[MOST];	/* by the peer, held open */
	size_t		 count;
} wire;

static const struct text	name = { "peer", 4 };

static int
connect_peer(void **state)
{
	(void)state;
	memset(&wire, 0, sizeof(wire));
	wire.context = zmq_ctx_new();
	wire.router = zmq_socket(wire.context, ZMQ_ROUTER);
	wire.peer = zmq_socket(wire.context, ZMQ_DEALER);
	zmq_setsockopt(wire.router, ZMQ_ROUTER_MANDATORY, &(int){ 1 },
	    sizeof(int));
	zmq_setsockopt(wire.peer, ZMQ_ROUTING_ID, name.base, name.len);
	check_number("bind", zmq_bind(wire.router, "inproc://sender"), 0);
	check_number("connect", zmq_connect(wire.peer, "inproc://sender"), 0);
	return 0;
}

static void
close_one(void)
{
	zmq_msg_close(&wire.got[--wire.count]);
}

static int
disconnect_peer(void **state)
{
	(void)state;
	while (wire.count > 0)
		close_one();
	zmq_close(wire.peer);
	zmq_close(wire.router);
	zmq_ctx_term(wire.context);
	buf_done(&wire.frames);
	for (size_t i = 0; i < LENT_BUFS; i++)
		buf_done(&sender_lent_bufs[i].buffer);
	return 0;
}

/* A message of so many bytes, all of them the same. */
static void
fill(size_t len, char byte)
{
	check_number("empty", wire.frames.len, 0);
	buf_reserve(&wire.frames, len);
	memset(wire.frames.base, byte, len);
	wire.frames.len = len;
}

/* Send one and have the peer receive it. True: in the buffer it was made in. */
static bool
pass(size_t len, char byte)
{
	zmq_msg_t	*m = &wire.got[wire.count++];
	const char	*base, *bytes;

	assert_true(wire.count <= MOST);
	fill(len, byte);
	base = wire.frames.base;
	check_true("sent", sender_send(wire.router, name, &wire.frames));
	check_number("emptied", wire.frames.len, 0);
	zmq_msg_init(m);
	check_number("received", zmq_msg_recv(m, wire.peer, 0), (int64_t)len);
	bytes = zmq_msg_data(m);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(bytes[i], byte);
	check_true("no buffer is in two places", bytes != wire.frames.base);
	return bytes == base;
}

static size_t
waiting_now(void)
{
	return atomic_load(&sender_place(name)->waiting);
}

static void
large_ones_are_not_copied(void **state)
{
	static const struct { const char *row; size_t len; bool lent; }
	rows[] = {
		{ "small", SMALL_BYTES, false },
		{ "large", LARGE, true },
		{ "larger", KEPT_BYTES, true },
		{ "too large to keep", 3 * KEPT_BYTES, true },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].row, pass(rows[i].len, 'a'),
		    rows[i].lent);
		close_one();
	}
}

static void
buffers_come_back(void **state)
{
	const char	*lent;

	(void)state;
	pass(LARGE, 'a');
	lent = zmq_msg_data(&wire.got[0]);
	close_one();
	pass(LARGE, 'b');
	check_true("it is back", wire.frames.base == lent);
	check_true("with its size", wire.frames.size >= LARGE);
}

static void
so_many_are_lent_and_no_more(void **state)
{
	(void)state;
	for (int i = 0; i < MOST - 1; i++)
		check_number("lent", pass(LARGE, (char)('a' + i)),
		    i < LENT_BUFS);
	check_number("all wait", waiting_now(), (MOST - 1) * LARGE);
	for (size_t i = 0; i < wire.count; i++)
		check_number("untouched", *(char *)zmq_msg_data(&wire.got[i]),
		    'a' + (char)i);
	while (wire.count > 0)
		close_one();
	check_true("lent again", pass(LARGE, 'z'));
}

static void
what_is_kept_is_bounded(void **state)
{
	size_t	kept = 0;

	(void)state;
	for (int i = 0; i < LENT_BUFS; i++)
		pass(KEPT_BYTES + (i % 2 == 0 ? 1 : 0), 'a');
	while (wire.count > 0)
		close_one();
	for (size_t i = 0; i < LENT_BUFS; i++) {
		check_true("not too large", sender_lent_bufs[i].buffer.size <=
		    KEPT_BYTES);
		kept += sender_lent_bufs[i].buffer.size;
	}
	check_number("half of them", kept, LENT_BUFS / 2 * KEPT_BYTES);
}

static void
what_waits_is_counted(void **state)
{
	static const size_t	lens[] = { LARGE, SMALL_BYTES, 70000,
				    KEPT_BYTES, 2 * KEPT_BYTES + 1, 10 };
	size_t			want = 0;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < LEN(lens); i++) {
			pass(lens[i], 'a');
			want += lens[i] > SMALL_BYTES ? lens[i] : 0;
			check_number("sent", waiting_now(), want);
		}
		while (wire.count > 0) {
			want -= lens[wire.count - 1] > SMALL_BYTES ?
			    lens[wire.count - 1] : 0;
			close_one();
			check_number("gone", waiting_now(), want);
		}
	}
}

static void
too_much_is_dropped(void **state)
{
	char	byte;

	(void)state;
	pass(WAITING_MOST + 1, 'a');
	fill(LARGE, 'b');
	check_true("there", sender_send(wire.router, name, &wire.frames));
	check_number("dropped", zmq_recv(wire.peer, &byte, 1, ZMQ_DONTWAIT),
	    -1);
	check_number("emptied", wire.frames.len, 0);
	pass(SMALL_BYTES, 'c');
	check_number("not counted", waiting_now(), WAITING_MOST + 1);
	close_one();
	close_one();
	pass(LARGE, 'd');
}

static void
small_ones_count_when_there_are_many(void **state)
{
	struct place	*p = sender_place(name);
	size_t		 most = TOGETHER_MOST;

	(void)state;
	p->small = 0;
	p->small_bytes = 0;
	for (int i = 0; i < SMALL_MOST - 1; i++) {
		pass(100, 'a');
		check_number("not yet", waiting_now(), 0);
	}
	pass(200, 'a');
	check_number("all of them", waiting_now(),
	    (SMALL_MOST - 1) * 100 + 200);
	/* others have taken nearly all there is */
	atomic_fetch_add(&sender_together, most - waiting_now() - 500);
	fill(100, 'b');
	check_true("there", sender_send(wire.router, name, &wire.frames));
	check_number("dropped", zmq_recv(wire.peer, &(char){ 0 }, 1,
	    ZMQ_DONTWAIT), -1);
	while (wire.count > 0)
		close_one();
	check_number("nothing waits", waiting_now(), 0);
	pass(LARGE, 'c');
	check_number("who has taken all is sent more", waiting_now(), LARGE);
	close_one();
	atomic_store(&sender_together, 0);
}

static void
what_waits_for_all_is_bounded(void **state)
{
	struct place	others[30] = { 0 };
	size_t		sum = 0;

	(void)state;
	for (int round = 0; round < 10000; round++)
		for (size_t i = 0; i < LEN(others); i++)
			if (sender_has_room(&others[i], LARGE))
				sender_add_waiting(&others[i], LARGE);
	for (size_t i = 0; i < LEN(others); i++) {
		check_true("each has as much", atomic_load(&others[i].waiting) +
		    (size_t)2 * LARGE > TOGETHER_MOST / (LEN(others) + 1));
		sum += atomic_load(&others[i].waiting);
	}
	check_number("is counted", sum, atomic_load(&sender_together));
	check_true("is bounded", sum <= TOGETHER_MOST);
	pass(LARGE, 'a');
	pass(LARGE, 'b');
	check_number("others are served", waiting_now(), 2 * LARGE);
	close_one();
	close_one();
	atomic_store(&sender_together, 0);
}

static void
nobody_is_told(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * LENT_BUFS; i++) {
		fill(LARGE, 'a');
		check_true("gone", !sender_send(wire.router, text_of("none"),
		    &wire.frames));
		check_number("nothing waits", atomic_load(&sender_place(
		    text_of("none"))->waiting), 0);
	}
	check_true("all buffers are here", pass(LARGE, 'a'));
}

/* A test with a peer of its own. */
#define WIRED(sentence, function) \
	{ (sentence), (function), connect_peer, disconnect_peer, NULL }

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		WIRED("a large message goes in its own buffer",
		    large_ones_are_not_copied),
		WIRED("a buffer that comes back is used again",
		    buffers_come_back),
		WIRED("so many buffers are lent at a time, and no more",
		    so_many_are_lent_and_no_more),
		WIRED("buffers that are kept are few and not too large",
		    what_is_kept_is_bounded),
		WIRED("what waits for a peer is counted, and no longer than that",
		    what_waits_is_counted),
		WIRED("a peer that does not read gets no more than so much",
		    too_much_is_dropped),
		WIRED("small messages count when there are many of them",
		    small_ones_count_when_there_are_many),
		WIRED("what waits for all peers together is bounded",
		    what_waits_for_all_is_bounded),
		WIRED("a message for nobody leaves nothing behind",
		    nobody_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
