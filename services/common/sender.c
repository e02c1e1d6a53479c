/*
 * What waits for each peer is counted in one of a number of places, told by a
 * hash of its identity. Peers that share a place share the bound.
 *
 * Some large messages can be on their way in the buffers that they were put
 * together in. Those come back with their memory, so that it is not copied, and
 * the kernel need not find and clear some for each message. A peer that does
 * not read may have all of them; messages are then copied into memory of just
 * their size, so that what is counted is what they take.
 */
#include "sender.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <zmq.h>

#include "proto/log.h"

#define PLACES		1024	/* a power of two */
#define SMALL_BYTES	4096	/* bounded by their number */
#define WAITING_MOST	((size_t)64 << 20)
#define CRATES		16	/* buffers that are lent at a time */
#define KEPT_BYTES	((size_t)1 << 18) /* larger ones are not kept */

static _Atomic size_t	waiting[PLACES];

/* A copy of a message on its way, before its bytes. */
struct parcel {
	_Atomic size_t	*place;
	size_t		 len;
	char		 bytes[];
};

/* A buffer that is on its way with its message, or here to be used again. */
static struct crate {
	atomic_bool	 away;
	_Atomic size_t	*place;
	struct buf	 buffer;
} crates[CRATES];

/* FNV-1a */
static _Atomic size_t *
place_of(struct text peer)
{
	uint32_t	h = UINT32_C(0x811c9dc5);

	for (size_t i = 0; i < peer.len; i++)
		h = (h ^ (unsigned char)peer.base[i]) * UINT32_C(0x01000193);
	return &waiting[h % PLACES];
}

/* On ZeroMQ's thread: it is sent, or nobody is there any more. */
static void
on_gone(void *bytes, void *hint)
{
	struct parcel	*p = hint;

	(void)bytes;
	atomic_fetch_sub(p->place, p->len);
	free(p);
}

/* The same of a message in its own buffer. */
static void
on_back(void *bytes, void *hint)
{
	struct crate	*c = hint;

	(void)bytes;
	atomic_fetch_sub(c->place, c->buffer.len);
	if (c->buffer.size > KEPT_BYTES)
		buf_done(&c->buffer);
	c->buffer.len = 0;
	atomic_store(&c->away, false);
}

/* NULL: all of them are away. */
static struct crate *
take_crate(void)
{
	for (size_t i = 0; i < CRATES; i++)
		if (!atomic_exchange(&crates[i].away, true))
			return &crates[i];
	return NULL;
}

/* The message's own buffer goes, and the crate's takes its place. */
static void
lend_buffer(zmq_msg_t *ret, struct crate *c, _Atomic size_t *place,
    struct buf *b)
{
	struct buf	next = c->buffer;

	c->place = place;
	c->buffer = *b;
	*b = next;
	CHECK(zmq_msg_init_data(ret, c->buffer.base, c->buffer.len, on_back,
	    c) == 0);
}

static void
copy_bytes(zmq_msg_t *ret, _Atomic size_t *place, const struct buf *b)
{
	struct parcel	*p = malloc(sizeof(*p) + b->len);

	CHECK(p != NULL);
	p->place = place;
	p->len = b->len;
	memcpy(p->bytes, b->base, b->len);
	CHECK(zmq_msg_init_data(ret, p->bytes, p->len, on_gone, p) == 0);
}

/* False: too much waits for the peer already. */
static bool
make_message(zmq_msg_t *ret, struct text peer, struct buf *b)
{
	_Atomic size_t	*place = place_of(peer);
	struct crate	*c;

	if (b->len <= SMALL_BYTES) {
		CHECK(zmq_msg_init_size(ret, b->len) == 0);
		memcpy(zmq_msg_data(ret), b->base, b->len);
		return true;
	}
	if (atomic_load(place) > WAITING_MOST)
		return false;
	atomic_fetch_add(place, b->len);
	c = take_crate();
	if (c != NULL)
		lend_buffer(ret, c, place, b);
	else
		copy_bytes(ret, place, b);
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
