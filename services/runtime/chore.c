/* The chore: when it is sent. */
#include "services/runtime/chore.h"

#include "base/clock.h"
#include "services/runtime/svc.h"
#include "services/runtime/write_calls.h"

#define RETRY_MS	1000	/* after one that failed */

static bool
is_due(const struct svc *s)
{
	const struct chore	*chore = &s->chore;

	return s->service->chore != OP_NONE && !chore->running &&
	    !chore->done && s->role.state == ROLE_WRITER &&
	    !freeze_is_on(&s->freeze) &&
	    s->lifecycle.phase == PHASE_RUNNING &&
	    clock_ms() >= chore->next_ms;
}

static void
send_chore(struct svc *s)
{
	struct request	 r = { .op = s->service->chore,
			    .request_id = TEXT_OF("chore") };

	s->chore.running = true;
	write_calls_send(s, &r, (struct text){ "", 0 });
}

/* A request is large: each turn of the loop would pay for one that is not sent. */
void
chore_turn(struct svc *s)
{
	if (is_due(s))
		send_chore(s);
}

void
chore_note_done(struct svc *s, const struct call *c)
{
	if (s->service->chore == OP_NONE || c->request.op != s->service->chore)
		return;
	s->chore.running = false;
	if (c->answer.error != OK)
		s->chore.next_ms = clock_ms() + RETRY_MS;
	else if (c->answer.total != 0)
		s->chore.next_ms = 0;
	else {
		s->chore.done = s->service->chore_every_ms == 0;
		s->chore.next_ms = clock_ms() + s->service->chore_every_ms;
	}
}
