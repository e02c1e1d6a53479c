/* Links: what one process is sent, what it answers, and what waits there. */
#include "gateway/bus/link.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

/*
 * Noise is an answer to no request that waits. It is read, too, but not at the
 * cost of others: after so much of it, everything else gets a turn.
 */
#define NOISE_MOST	4096
#define NOISE_BAD	64	/* an undecodable frame counts as 64 of them */

/* --- open, close --------------------------------------------------------- */

static void
on_readable(h2o_socket_t *watch, const char *err)
{
	struct link	*link = watch->data;

	if (err != NULL)
		log_fatal("ZeroMQ's descriptor: %s", err);
	link->on_readable(link);
}

void
link_open(struct bus *b, struct replica *r, h2o_loop_t *loop,
    link_readable *readable)
{
	struct link	*link = must_alloc(sizeof(*link));
	int		 fd;

	link->bus = b;
	link->replica = r;
	link->on_readable = readable;
	r->owner = link;
	/* h2o closes what it is given: a copy of the descriptor */
	fd = dup((int)zsock_fd(r->sock));
	CHECK(fd != -1);
	link->watch = h2o_evloop_socket_create(loop, fd,
	    H2O_SOCKET_FLAG_DONT_READ);
	link->watch->data = link;
	h2o_socket_read_start(link->watch, on_readable);
}

void
link_close(struct link *link)
{
	h2o_socket_close(link->watch);
	free(link);
}

/* --- receive ------------------------------------------------------------- */

/*
 * Hand on the answers in a message; those behind too much noise are not read.
 * Returns how much of it was noise.
 */
static unsigned
read_message(struct link *link, zmq_msg_t *message,
    struct frame_reader *frames, link_answer *take, int64_t now_ms)
{
	struct answer		a;
	enum frame_result	result = FRAME_ONE;
	unsigned		noise = 0, wanted = 0;

	frame_reader_start(frames, zmq_msg_data(message),
	    zmq_msg_size(message));
	while (noise < NOISE_MOST &&
	    (result = frame_next_answer(frames, &a)) == FRAME_ONE) {
		if (take(link, &a, now_ms))
			wanted++;
		else
			noise++;
	}
	if (result == FRAME_BAD) {
		replica_warn(link->replica, now_ms);
		noise += NOISE_BAD;
	}
	/* an empty message costs something, too */
	return noise + (wanted == 0);
}

bool
link_drain(struct link *link, struct frame_reader *frames, link_answer *take,
    int64_t now_ms)
{
	zmq_msg_t	message;
	unsigned	noise = 0;

	zmq_msg_init(&message);
	while (noise < NOISE_MOST && replica_receive(link->replica, &message))
		noise += read_message(link, &message, frames, take, now_ms);
	zmq_msg_close(&message);
	return noise >= NOISE_MOST;
}

/* --- send ---------------------------------------------------------------- */

void
link_add(struct link *link, struct pending *p, int64_t expires_ms)
{
	struct replica	*r = link->replica;

	p->link = link;
	p->sent_us = clock_us();
	p->flush = link->flushes;
	admission_add(&link->admission, &p->demand, p->sent_us);
	r->waiting++;
	metric_add(METRIC_BUS_WAITING, p->service, 0, 1);
	frame_readdress(&p->frame, p->id, replica_clock(r, expires_ms));
	buf_put(&r->out, p->frame.base, p->frame.len);
}

void
link_remove(struct pending *p)
{
	metric_add(METRIC_BUS_WAITING, p->service, 0, -1);
	p->link->replica->waiting--;
	admission_remove(&p->link->admission, &p->demand);
	p->link = NULL;
}

bool
link_flush(struct link *link)
{
	struct replica	*r = link->replica;

	if (r->out.len == 0)
		return true;
	if (!replica_flush(r))
		return false;
	link->flushes++;
	metric_add(METRIC_BUS_MESSAGES, r->service, 0, 1);
	return true;
}
