/* Sockets, slots, deadlines. */
#include "bus.h"

#include <czmq.h>
#include <unistd.h>

#include "proto/log.h"
#include "proto/replica.h"
#include "tokens.h"

#define OUT_MOST_BYTES	(1 << 20) /* collected for one message */
#define SLOT_BITS	24	/* an id is a generation above, a slot below */

/* A replica with its place in h2o's loop. */
struct line {
	struct bus	*bus;
	struct replica	*replica;
	h2o_socket_t	*watch;
	bool		 counted;	/* in the gateway's `up` */
};

/* A question that is not answered yet. */
struct slot {
	struct exchange	*exchange;	/* NULL: free, or forgotten */
	int		 part;		/* of the exchange, -1: none */
	struct line	*line;		/* NULL: free */
	int64_t		 deadline_ms;
	uint64_t	 id;
	int		 next_free;
	uint64_t	 flush;		/* goes out with this one */
};

struct bus {
	struct worker		*worker;
	struct line		 lines[SERVICE_END];	/* by service */
	struct slot		*slots;
	int			 slot_count;
	int			 used;			/* high-water mark */
	int			 free;			/* -1: none */
	uint64_t		 generation;
	struct frame_reader	*frames;
	h2o_timeout_entry_t	 flush;
	uint64_t		 flushes;	/* ever */
	int64_t			 ticked_ms;
	int64_t			 slept_ms;	/* when a tick came far too late */
};

/* --- slots ---------------------------------------------------------------- */

static struct slot *
slot_take(struct bus *b)
{
	struct slot	*s;

	if (b->free != -1) {
		s = &b->slots[b->free];
		b->free = s->next_free;
	} else if (b->used < b->slot_count)
		s = &b->slots[b->used++];
	else
		return NULL;
	s->id = REPLICA_FIRST_ID | (b->generation++ << SLOT_BITS &
	    (REPLICA_FIRST_ID - 1)) | (uint64_t)(s - b->slots);
	return s;
}

static void
slot_give(struct bus *b, struct slot *s)
{
	s->line->replica->waiting--;
	s->exchange = NULL;
	s->line = NULL;
	s->id = 0;
	s->next_free = b->free;
	b->free = (int)(s - b->slots);
}

static void
slot_resume(struct bus *b, struct slot *s, const struct answer *a)
{
	struct exchange	*x = s->exchange;
	int		 part = s->part;

	slot_give(b, s);
	if (x != NULL)
		exchange_resume(x, part, a);
}

static void
slot_refuse(struct bus *b, struct slot *s)
{
	struct answer	a = { .error = ERR_UNAVAILABLE };

	slot_resume(b, s, &a);
}

/* --- heartbeats --------------------------------------------------------------- */

static void
ping(struct line *line, int64_t now_ms, bool at_once)
{
	struct args	extra = { 0 };

	if (line->replica->service == SERVICE_USER)
		tokens_tell(line->bus->worker->tokens, &extra);
	if (at_once)
		line->replica->pinged_ms = 0;
	replica_ping(line->replica, now_ms, &extra);
}

/* Keep count of the workers that a service answers. */
static void
count_up(struct line *line)
{
	struct replica	*r = line->replica;

	if (line->counted == r->up)
		return;
	line->counted = r->up;
	atomic_fetch_add(&line->bus->worker->gateway->up[r->service],
	    r->up ? 1 : -1);
}

/* --- hearing ---------------------------------------------------------------- */

static void
take_answer(struct line *line, const struct answer *a, int64_t now_ms)
{
	struct bus	*b = line->bus;
	uint64_t	 at = a->id & ((UINT64_C(1) << SLOT_BITS) - 1);
	struct slot	*s;

	if (replica_take_pong(line->replica, a, now_ms)) {
		if (line->replica->service == SERVICE_USER)
			tokens_hear(b->worker->tokens, a);
		count_up(line);
		/* what came unasked is waited for: say that it was heard */
		if (a->id == 0)
			ping(line, now_ms, true);
		return;
	}
	if (at >= (uint64_t)b->used)
		return;
	s = &b->slots[at];
	/* too late, or not this replica's to answer */
	if (s->line != line || s->id != a->id)
		return;
	slot_resume(b, s, a);
}

static void
drain(struct line *line)
{
	struct bus		*b = line->bus;
	zmq_msg_t		 message;
	struct answer		 a;
	enum frame_result	 result;
	int64_t			 now_ms = clock_ms();

	zmq_msg_init(&message);
	while (replica_receive(line->replica, &message)) {
		frame_reader_start(b->frames, zmq_msg_data(&message),
		    zmq_msg_size(&message));
		while ((result = frame_next_answer(b->frames, &a)) == FRAME_ONE)
			take_answer(line, &a, now_ms);
		if (result == FRAME_BAD)
			log_warn("%s service sent what is no answer",
			    service_name(line->replica->service));
	}
	zmq_msg_close(&message);
}

static void
on_readable(h2o_socket_t *watch, const char *err)
{
	if (err != NULL)
		log_fatal("ZeroMQ's descriptor: %s", err);
	drain(watch->data);
}

/* --- sending ---------------------------------------------------------------- */

/* Send what was collected for a service; one message, however much it is. */
static bool
flush_line(struct line *line)
{
	struct replica	*r = line->replica;

	if (r->out.len > 0)
		atomic_fetch_add_explicit(
		    &line->bus->worker->gateway->asked[r->service], 1,
		    memory_order_relaxed);
	return replica_flush(r);
}

/* What could not be sent is refused at once, not kept for later. */
static void
refuse_unsent(struct bus *b, struct line *line)
{
	line->replica->out.len = 0;
	for (int i = 0; i < b->used; i++)
		if (b->slots[i].line == line &&
		    b->slots[i].flush == b->flushes)
			slot_refuse(b, &b->slots[i]);
}

static void
on_flush(h2o_timeout_entry_t *entry)
{
	struct bus	*b = H2O_STRUCT_FROM_MEMBER(struct bus, flush, entry);

	for (unsigned id = 1; id < SERVICE_END; id++)
		if (!flush_line(&b->lines[id]))
			refuse_unsent(b, &b->lines[id]);
	b->flushes++;
	for (unsigned id = 1; id < SERVICE_END; id++)
		drain(&b->lines[id]);
}

bool
bus_ask(struct bus *b, struct exchange *x, int part, struct request *r,
    int64_t deadline_ms, int *ret_slot)
{
	struct line	*line = &b->lines[op_info(r->op)->service];
	struct slot	*s;

	if (!line->replica->up || line->replica->waiting >=
	    (unsigned)b->worker->gateway->settings->max_pending)
		return false;
	s = slot_take(b);
	if (s == NULL)
		return false;
	s->exchange = x;
	s->part = part;
	s->line = line;
	s->deadline_ms = deadline_ms;
	s->flush = b->flushes;
	line->replica->waiting++;
	*ret_slot = (int)(s - b->slots);
	r->id = s->id;
	r->expires_ms = replica_clock(line->replica, deadline_ms);
	frame_put_request(&line->replica->out, r);
	if (line->replica->out.len > OUT_MOST_BYTES)
		(void)flush_line(line);
	if (!h2o_timeout_is_linked(&b->flush))
		h2o_timeout_link(b->worker->ctx.loop,
		    &b->worker->ctx.zero_timeout, &b->flush);
	return true;
}

void
bus_forget(struct bus *b, int slot)
{
	b->slots[slot].exchange = NULL;
}

/* --- losses and deadlines ------------------------------------------------ */

static void
refuse_waiting(struct bus *b, const struct line *line)
{
	for (int i = 0; i < b->used; i++)
		if (b->slots[i].line == line)
			slot_refuse(b, &b->slots[i]);
}

static void
refuse_late(struct bus *b, int64_t now_ms)
{
	for (int i = 0; i < b->used; i++)
		if (b->slots[i].line != NULL &&
		    now_ms >= b->slots[i].deadline_ms)
			slot_refuse(b, &b->slots[i]);
}

/* Tokens that were used. Nobody waits for the answer: its id is no slot's. */
static void
tell_used(struct bus *b, int64_t now_ms)
{
	struct replica	*r = b->lines[SERVICE_USER].replica;
	struct request	 told = { .op = OP_TOKENS_USED, .id = UINT64_MAX,
			    .request_id = TEXT_OF("") };
	struct text	 ids;

	if (!r->up || !tokens_take_used(b->worker->tokens, now_ms, &ids))
		return;
	args_put_text(&told.args, KEY_IDS, ids);
	frame_put_request(&r->out, &told);
	(void)replica_flush(r);
}

void
bus_tick(struct bus *b, int64_t now_ms)
{
	struct line	*line;

	if (b->ticked_ms != 0 && now_ms - b->ticked_ms >= REPLICA_DOWN_MS)
		b->slept_ms = now_ms;
	b->ticked_ms = now_ms;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		line = &b->lines[id];
		ping(line, now_ms, false);
		drain(line);
		if (replica_lost(line->replica, now_ms))
			refuse_waiting(b, line);
		count_up(line);
	}
	refuse_late(b, now_ms);
	tell_used(b, now_ms);
}

bool
bus_is_up(const struct bus *b, enum service_id id)
{
	return b->lines[id].replica->up;
}

bool
bus_slept(const struct bus *b, enum service_id id)
{
	int64_t	heard_ms = b->lines[id].replica->heard_ms;

	return heard_ms <= b->slept_ms ||
	    (b->lines[id].replica->up && clock_ms() - heard_ms >=
	    REPLICA_DOWN_MS);
}

int64_t
bus_heard_ms(const struct bus *b, enum service_id id)
{
	return b->lines[id].replica->heard_ms;
}

/* --- start and end ------------------------------------------------------------ */

static void
open_line(struct bus *b, enum service_id id, const char *endpoint)
{
	struct line	*line = &b->lines[id];
	int		 fd;

	line->bus = b;
	line->replica = replica_new(id, endpoint);
	/* h2o closes what it is given: a copy of the descriptor */
	fd = dup((int)zsock_fd(line->replica->sock));
	CHECK(fd != -1);
	line->watch = h2o_evloop_socket_create(b->worker->ctx.loop, fd,
	    H2O_SOCKET_FLAG_DONT_READ);
	line->watch->data = line;
	h2o_socket_read_start(line->watch, on_readable);
}

struct bus *
bus_new(struct worker *w)
{
	const struct settings	*settings = w->gateway->settings;
	struct bus		*b = must_alloc(sizeof(*b));

	b->worker = w;
	b->free = -1;
	b->flush.cb = on_flush;
	b->slot_count = (int)settings->max_pending * (SERVICE_END - 1);
	b->slots = must_alloc((size_t)b->slot_count * sizeof(b->slots[0]));
	b->frames = frame_reader_new();
#define SERVICE(number, NAME, name, endpoint) \
	open_line(b, SERVICE_##NAME, settings->endpoint);
#include "proto/services.tbl"
#undef SERVICE
	return b;
}

void
bus_destroy(struct bus **self_p)
{
	struct bus	*b = *self_p;

	if (b == NULL)
		return;
	for (unsigned id = 1; id < SERVICE_END; id++) {
		h2o_socket_close(b->lines[id].watch);
		replica_destroy(&b->lines[id].replica);
	}
	if (h2o_timeout_is_linked(&b->flush))
		h2o_timeout_unlink(&b->flush);
	frame_reader_destroy(&b->frames);
	free(b->slots);
	free(b);
	*self_p = NULL;
}
