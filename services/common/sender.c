/*
 * What waits for each peer is counted in one of a number of places, told by a
 * hash of its identity. Peers that share a place share the bound.
 */
#include "sender.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <zmq.h>

#include "proto/log.h"

#define PLACES		1024	/* a power of two */
#define SMALL_BYTES	4096	/* bounded by their number */
#define WAITING_MOST	((size_t)64 << 20)

static _Atomic size_t	waiting[PLACES];

/* A message on its way, before its bytes. */
struct parcel {
	_Atomic size_t	*place;
	size_t		 len;
	char		 bytes[];
};

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

/* False: too much waits for the peer already. */
static bool
make_message(zmq_msg_t *ret, struct text peer, const struct buf *b)
{
	_Atomic size_t	*place = place_of(peer);
	struct parcel	*p;

	if (b->len <= SMALL_BYTES) {
		CHECK(zmq_msg_init_size(ret, b->len) == 0);
		memcpy(zmq_msg_data(ret), b->base, b->len);
		return true;
	}
	if (atomic_load(place) > WAITING_MOST)
		return false;
	p = malloc(sizeof(*p) + b->len);
	CHECK(p != NULL);
	p->place = place;
	p->len = b->len;
	memcpy(p->bytes, b->base, b->len);
	atomic_fetch_add(place, p->len);
	CHECK(zmq_msg_init_data(ret, p->bytes, p->len, on_gone, p) == 0);
	return true;
}

bool
sender_send(void *router, struct text peer, const struct buf *message)
{
	zmq_msg_t	m;
	bool		there = true;

	if (!make_message(&m, peer, message)) {
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
