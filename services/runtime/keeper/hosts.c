/* The processes of a service on other hosts. */
#include "services/runtime/keeper/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "proto/frame.h"
#include "proto/peer/pool.h"

#define RECEIVE_MESSAGES	64	/* of one process, then of the next one */

struct hosts {
	struct resolver		*resolver;
	struct pool		 pool;
	struct frame_reader	*frames;
	int64_t			 instance;
	int64_t			 newest;
	int64_t			 heard_ms;
};

/* Sockets of files are on one host. */
bool
hosts_are_named(const struct settings *settings, enum service_id id)
{
	return strstr(settings_endpoint(settings, id), "tcp://") != NULL;
}

struct hosts *
hosts_new(const struct settings *settings, enum service_id id,
    int64_t instance)
{
	struct hosts	*h;

	if (!hosts_are_named(settings, id))
		return NULL;
	h = must_alloc(sizeof(*h));
	h->resolver = resolver_new(settings, UINT64_C(1) << id);
	pool_init(&h->pool, id, h->resolver);
	h->frames = frame_reader_new();
	h->instance = instance;
	return h;
}

void
hosts_destroy(struct hosts **self_p)
{
	struct hosts	*h = *self_p;

	if (h == NULL)
		return;
	pool_done(&h->pool);
	resolver_destroy(&h->resolver);
	frame_reader_destroy(&h->frames);
	free(h);
	*self_p = NULL;
}

static void
take_answer(struct hosts *h, struct replica *r, const struct answer *a,
    int64_t now_ms)
{
	enum pong	pong = replica_take_pong(r, a, now_ms);
	int64_t		entry;

	if ((pong != PONG_HEARD && pong != PONG_UNSOLICITED) || !r->writes)
		return;
	h->heard_ms = now_ms;
	entry = args_number(&a->extra, KEY_ENTRY, 0);
	if (entry > h->newest)
		h->newest = entry;
}

static void
receive_answers(struct hosts *h, struct replica *r, int64_t now_ms)
{
	zmq_msg_t		message;
	struct answer		a;
	enum frame_result	result = FRAME_END;

	zmq_msg_init(&message);
	for (int i = 0; i < RECEIVE_MESSAGES && replica_receive(r, &message);
	    i++) {
		frame_reader_start(h->frames, zmq_msg_data(&message),
		    zmq_msg_size(&message));
		while ((result = frame_next_answer(h->frames, &a)) == FRAME_ONE)
			take_answer(h, r, &a, now_ms);
		if (result == FRAME_BAD)
			replica_warn(r, now_ms);
	}
	zmq_msg_close(&message);
}

/*
 * This process is among those that are found, and needs not wait for itself when
 * it writes: who it is that is asked is known by its first answer.
 */
static void
ping(const struct hosts *h, struct replica *r, int64_t entry, int64_t now_ms)
{
	struct args	extra = { 0 };

	if (entry > 0 && r->instance != 0 && r->instance != h->instance)
		args_put_number(&extra, KEY_ENTRY, entry);
	replica_ping(r, now_ms, &extra);
}

void
hosts_turn(struct hosts *h, int64_t entry)
{
	int64_t		 now_ms = clock_ms();
	struct replica	*r;

	if (h == NULL)
		return;
	pool_refresh(&h->pool);
	for (unsigned i = 0; i < h->pool.count; i++) {
		r = h->pool.rows[i];
		receive_answers(h, r, now_ms);
		ping(h, r, entry, now_ms);
		(void)replica_lost(r, now_ms);
		r->restarted = false;
	}
	while ((r = pool_take_gone(&h->pool)) != NULL)
		replica_destroy(&r);
}

void
hosts_tell(struct hosts *h, int64_t entry)
{
	struct replica	*writer = h == NULL ? NULL : pool_writer(&h->pool);

	if (writer == NULL)
		return;
	writer->pinged_ms = 0;	/* it is due */
	ping(h, writer, entry, clock_ms());
}

int64_t
hosts_newest(const struct hosts *h)
{
	return h == NULL ? 0 : h->newest;
}

int64_t
hosts_heard_ms(const struct hosts *h)
{
	return h == NULL ? 0 : h->heard_ms;
}

bool
hosts_wait(struct hosts *h, zsock_t *pipe, int64_t most_ms)
{
	zmq_pollitem_t	items[1 + RESOLVE_MOST];
	int		count = 1;

	items[0] = (zmq_pollitem_t){ zsock_resolve(pipe), 0, ZMQ_POLLIN, 0 };
	for (unsigned i = 0; h != NULL && i < h->pool.count; i++)
		items[count++] = (zmq_pollitem_t){
		    zsock_resolve(h->pool.rows[i]->sock), 0, ZMQ_POLLIN, 0 };
	return zmq_poll(items, count, most_ms) > 0 && items[0].revents != 0;
}
