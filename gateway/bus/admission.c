/* Admission: averages of how long a queue's requests take. */
#include "gateway/bus/admission.h"

#define TIME_PART	2	/* of a request's time limit, to wait */
#define FEW_WAITING	64	/* are never too many to be answered in time */
#define SMOOTH		16	/* an average is of at least so many answers */
#define SMOOTH_MOST	256	/* ... and of as many as wait, up to this */
#define SPAN_US		20000	/* ... and of such a time */
#define LONG_SPAN_US	500000	/* ... or of as many as come in this one */

enum queue_id
admission_queue(enum op_kind kind, const struct args *args)
{
	switch (kind) {
	case OP_READ: return args_has(args, KEY_CONTENT) ? QUEUE_SEARCHES :
	    QUEUE_READS;
	case OP_SLOW: case OP_LEAD: return QUEUE_SLOW;
	default: return QUEUE_WRITES;
	}
}

void
admission_add(struct admission *a, const struct demand *d, int64_t now_us)
{
	struct queue	*q = &a->queues[d->queue];

	shares_begin(&a->shares, d->share, d->bytes);
	if (q->waiting++ == 0)
		q->since_us = now_us;
	a->waiting++;
	a->bytes += d->bytes;
}

void
admission_remove(struct admission *a, const struct demand *d)
{
	a->queues[d->queue].waiting--;
	shares_end(&a->shares, d->share, d->bytes);
	a->waiting--;
	a->bytes -= d->bytes;
}

void
admission_learn(struct admission *a, enum queue_id queue, int64_t now_us,
    const struct answer *answer)
{
	struct queue	*q = &a->queues[queue];
	int64_t		 bytes = (int64_t)answer->fragment.len +
			    (int64_t)args_text(&answer->extra, KEY_BODY).len;

	q->busy_us += now_us - q->since_us;
	q->since_us = now_us;
	q->answered++;
	q->answer_bytes += (bytes - q->answer_bytes) / SMOOTH;
}

/*
 * Estimate how long each request takes, from how many were answered in a time
 * in which some waited. How long one of them waited does not tell: writes are
 * answered many at once, after a time that they share. So the estimate needs
 * as many answers as may come in one go.
 */
static void
update_estimate(struct queue *q)
{
	int64_t	enough = q->waiting < SMOOTH ? SMOOTH :
		    q->waiting < SMOOTH_MOST ? q->waiting : SMOOTH_MOST;

	if (q->busy_us < SPAN_US || q->answered == 0 ||
	    (q->answered < enough && q->busy_us < LONG_SPAN_US))
		return;
	q->each_ns = (q->each_ns + q->busy_us * 1000 / q->answered) / 2;
	q->busy_us = q->answered = 0;
}

/*
 * How many are answered before one more of this user: as many of each other
 * user as of this one, if there are so many.
 */
static int64_t
count_before(const struct admission *a, const struct demand *d, size_t held)
{
	size_t	own = a->shares.of[d->share].waiting;
	int64_t	all = a->queues[d->queue].waiting + (int64_t)held;
	int64_t	before = (int64_t)((own + held + 1) * (a->shares.users +
		    (own == 0)));

	return before < all ? before : all;
}

/* Logins have a queue of their own, which their service bounds. */
bool
admission_has_room(struct admission *a, const struct demand *d, size_t held,
    const struct settings *s)
{
	struct queue		*q = &a->queues[d->queue];
	const struct share	*own = &a->shares.of[d->share];
	int64_t			 before, timeout_ms = s->request_timeout_ms;

	update_estimate(q);
	if (!shares_leave_some(own->waiting, a->waiting,
	    (size_t)s->max_pending) ||
	    !shares_leave_some(own->bytes, a->bytes, WAITING_MOST_BYTES))
		return false;
	if (d->queue == QUEUE_SLOW)
		return true;
	if (d->queue == QUEUE_SEARCHES)
		timeout_ms += s->search_ms;
	before = count_before(a, d, held);
	if (before * q->answer_bytes > WAITING_MOST_BYTES)
		return false;
	return before < FEW_WAITING || before * q->each_ns <
	    timeout_ms * 1000000 / TIME_PART;
}
