/*
 * What waits for each peer is counted in one of a number of places, told by a
 * hash of its identity, which nobody can aim at another's. Peers that share a
 * place share the bound.
 *
 * All together have a bound, too: no more may wait for a peer than there is
 * room left for the others, so that who does not read has the less of it the
 * more of them there are. For who has taken all that it was sent there always
 * is room.
 *
 * Messages leave in their order. So only each sixteenth small one is told when
 * it does, and counts for those before it.
 *
 * Some large messages can be on their way in the buffers that they were put
 * together in. Those come back with their memory, so that it is not copied, and
 * the kernel need not find and clear some for each message. A peer that does
 * not read may have all of them; messages are then copied into memory of just
 * their size, so that what is counted is what they take.
 */
#include "services/runtime/sender.h"

#include <sys/random.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <zmq.h>

#include "base/log.h"

#define PLACES		16384	/* a power of two */
#define SMALL_BYTES	4096	/* larger ones are counted one by one */
#define SMALL_MOST	16	/* that count as one */
#define WAITING_MOST	((size_t)64 << 20) /* for a peer ... */
#define TOGETHER_MOST	((size_t)256 << 20) /* ... and for all */
#define CRATES		16	/* buffers that are lent at a time */
#define KEPT_BYTES	((size_t)1 << 18) /* larger ones are not kept */

static struct place {
	_Atomic size_t	waiting;
	unsigned	small;		/* sent and not counted yet ... */
	size_t		small_bytes;	/* ... of so many bytes */
} places[PLACES];

static _Atomic size_t	together;

/* A copy of a message on its way, before its bytes. */
struct parcel {
	struct place	*place;
	size_t		 counts;	/* for so many bytes */
	char		 bytes[];
};

/* A buffer that is on its way with its message, or here to be used again. */
static struct crate {
	atomic_bool	 away;
	struct place	*place;
	struct buf	 buffer;
} crates[CRATES];

/* FNV-1a, from a start that is not known outside. */
static struct place *
place_of(struct text peer)
{
	static uint64_t	start;
	uint64_t	h;

	while (start == 0)
		CHECK(getrandom(&start, sizeof(start), 0) == sizeof(start));
	h = start;
	for (size_t i = 0; i < peer.len; i++)
		h = (h ^ (unsigned char)peer.base[i]) *
		    UINT64_C(0x100000001b3);
	return &places[(h >> 32 ^ h) % PLACES];
}

static void
count(struct place *p, size_t bytes)
{
	atomic_fetch_add(&p->waiting, bytes);
	atomic_fetch_add(&together, bytes);
}

static void
discount(struct place *p, size_t bytes)
{
	atomic_fetch_sub(&p->waiting, bytes);
	atomic_fetch_sub(&together, bytes);
}

/* On ZeroMQ's thread: it is sent, or nobody is there any more. */
static void
on_gone(void *bytes, void *hint)
{
	struct parcel	*p = hint;

	(void)bytes;
	discount(p->place, p->counts);
	free(p);
}

/* The same of a message in its own buffer. */
static void
on_back(void *bytes, void *hint)
{
	struct crate	*c = hint;

	(void)bytes;
	discount(c->place, c->buffer.len);
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
lend_buffer(zmq_msg_t *ret, struct crate *c, struct place *place,
    struct buf *b)
{
	struct buf	next = c->buffer;

	c->place = place;
	c->buffer = *b;
	*b = next;
	count(place, c->buffer.len);
	CHECK(zmq_msg_init_data(ret, c->buffer.base, c->buffer.len, on_back,
	    c) == 0);
}

static void
copy_bytes(zmq_msg_t *ret, struct place *place, const struct buf *b,
    size_t counts)
{
	struct parcel	*p = malloc(sizeof(*p) + b->len);

	CHECK(p != NULL);
	p->place = place;
	p->counts = counts;
	count(place, counts);
	memcpy(p->bytes, b->base, b->len);
	CHECK(zmq_msg_init_data(ret, p->bytes, b->len, on_gone, p) == 0);
}

static void
copy_small(zmq_msg_t *ret, struct place *place, const struct buf *b)
{
	place->small_bytes += b->len;
	if (++place->small == SMALL_MOST) {
		copy_bytes(ret, place, b, place->small_bytes);
		place->small = 0;
		place->small_bytes = 0;
		return;
	}
	CHECK(zmq_msg_init_size(ret, b->len) == 0);
	memcpy(zmq_msg_data(ret), b->base, b->len);
}

static bool
has_room(const struct place *p, size_t len)
{
	size_t	waiting = atomic_load(&p->waiting);
	size_t	all = atomic_load(&together);

	if (waiting == 0)
		return true;
	if (len > SMALL_BYTES && waiting > WAITING_MOST)
		return false;
	return all < TOGETHER_MOST && waiting <= TOGETHER_MOST - all;
}

/* False: too much waits for the peer already. */
static bool
make_message(zmq_msg_t *ret, struct text peer, struct buf *b)
{
	struct place	*place = place_of(peer);
	struct crate	*c;

	if (!has_room(place, b->len))
		return false;
	if (b->len <= SMALL_BYTES) {
		copy_small(ret, place, b);
		return true;
	}
	c = take_crate();
	if (c != NULL)
		lend_buffer(ret, c, place, b);
	else
		copy_bytes(ret, place, b, b->len);
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
