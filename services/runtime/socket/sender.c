/*
 * The bytes that wait for each peer are counted in one of PLACES counters. A
 * keyed hash of the peer's identity chooses it, so that a peer cannot aim at
 * the counter of another. Peers that share a counter share the bound.
 *
 * All peers together have a bound, too: no more may wait for one peer than is
 * left for all others. So the more peers do not read, the less waits for each
 * of them. A peer that has taken all that it was sent always has room.
 *
 * Messages leave in order. So only each SMALL_MOST-th small one is counted,
 * together with those before it.
 *
 * Up to LENT_BUFS large messages are sent in the buffers that they were made
 * in. A buffer comes back with its memory, which saves copying and allocating.
 * A peer that does not read may hold all of them. Further messages are copied
 * into memory of just their size, so that the count is the memory they take.
 */
#include "services/runtime/socket/sender_private.h"

#include <sys/random.h>

#include <stdlib.h>
#include <zmq.h>

#include "base/hash.h"
#include "base/log.h"

#define PLACES		16384	/* a power of two */

_Atomic size_t		sender_together;
struct lent_buf		sender_lent_bufs[LENT_BUFS];

static struct place	places[PLACES];

/* A copy of a message, and the bytes to subtract when it has left. */
struct counted_msg {
	struct place	*place;
	size_t		 counts;	/* bytes */
	char		 bytes[];
};

/* By a hash that has a random start. */
struct place *
sender_place(struct text peer)
{
	static uint64_t	start;
	uint64_t	h;

	while (start == 0)
		CHECK(getrandom(&start, sizeof(start), 0) == sizeof(start));
	h = hash_bytes(start, peer.base, peer.len);
	return &places[(h >> 32 ^ h) % PLACES];
}

void
sender_add_waiting(struct place *p, size_t bytes)
{
	atomic_fetch_add(&p->waiting, bytes);
	atomic_fetch_add(&sender_together, bytes);
}

static void
subtract_waiting(struct place *p, size_t bytes)
{
	atomic_fetch_sub(&p->waiting, bytes);
	atomic_fetch_sub(&sender_together, bytes);
}

/* On ZeroMQ's thread: the copy was sent, or its peer is gone. */
static void
on_copy_done(void *bytes, void *hint)
{
	struct counted_msg	*p = hint;

	(void)bytes;
	subtract_waiting(p->place, p->counts);
	free(p);
}

/* On ZeroMQ's thread: the same for a buffer that was lent. */
static void
on_lent_buf_done(void *bytes, void *hint)
{
	struct lent_buf	*l = hint;

	(void)bytes;
	subtract_waiting(l->place, l->buffer.len);
	if (l->buffer.size > KEPT_BYTES)
		buf_done(&l->buffer);
	l->buffer.len = 0;
	atomic_store(&l->lent, false);
}

/* NULL if all of them are lent. */
static struct lent_buf *
take_lent_buf(void)
{
	for (size_t i = 0; i < LENT_BUFS; i++)
		if (!atomic_exchange(&sender_lent_bufs[i].lent, true))
			return &sender_lent_bufs[i];
	return NULL;
}

/* The message goes in its own buffer; `b` gets the free one instead. */
static void
lend_buf(zmq_msg_t *ret, struct lent_buf *l, struct place *place,
    struct buf *b)
{
	struct buf	next = l->buffer;

	l->place = place;
	l->buffer = *b;
	*b = next;
	sender_add_waiting(place, l->buffer.len);
	CHECK(zmq_msg_init_data(ret, l->buffer.base, l->buffer.len,
	    on_lent_buf_done, l) == 0);
}

static void
copy_counted(zmq_msg_t *ret, struct place *place, const struct buf *b,
    size_t counts)
{
	struct counted_msg	*p = malloc(sizeof(*p) + b->len);

	CHECK(p != NULL);
	p->place = place;
	p->counts = counts;
	sender_add_waiting(place, counts);
	memcpy(p->bytes, b->base, b->len);
	CHECK(zmq_msg_init_data(ret, p->bytes, b->len, on_copy_done, p) == 0);
}

static void
copy_small(zmq_msg_t *ret, struct place *place, const struct buf *b)
{
	place->small_bytes += b->len;
	if (++place->small == SMALL_MOST) {
		copy_counted(ret, place, b, place->small_bytes);
		place->small = 0;
		place->small_bytes = 0;
		return;
	}
	CHECK(zmq_msg_init_size(ret, b->len) == 0);
	memcpy(zmq_msg_data(ret), b->base, b->len);
}

bool
sender_has_room(const struct place *p, size_t len)
{
	size_t	waiting = atomic_load(&p->waiting);
	size_t	all = atomic_load(&sender_together);

	if (waiting == 0)
		return true;
	if (len > SMALL_BYTES && waiting > WAITING_MOST)
		return false;
	return all < TOGETHER_MOST && waiting <= TOGETHER_MOST - all;
}

/* False if too much waits for the peer already. */
static bool
make_message(zmq_msg_t *ret, struct text peer, struct buf *b)
{
	struct place	*place = sender_place(peer);
	struct lent_buf	*l;

	if (!sender_has_room(place, b->len))
		return false;
	if (b->len <= SMALL_BYTES) {
		copy_small(ret, place, b);
		return true;
	}
	l = take_lent_buf();
	if (l != NULL)
		lend_buf(ret, l, place, b);
	else
		copy_counted(ret, place, b, b->len);
	return true;
}

bool
sender_send(void *router, struct text peer, struct buf *message)
{
	zmq_msg_t	m;
	bool		made = make_message(&m, peer, message), there = true;

	message->len = 0;
	if (!made) {
		log_debug("answer dropped: its peer does not read");
		return true;
	}
	if (zmq_send(router, peer.base, peer.len,
	    ZMQ_SNDMORE | ZMQ_DONTWAIT) == -1 ||
	    zmq_msg_send(&m, router, ZMQ_DONTWAIT) == -1) {
		there = errno != EHOSTUNREACH;
		log_debug("answer dropped: %s", zmq_strerror(errno));
	}
	zmq_msg_close(&m);
	return there;
}
