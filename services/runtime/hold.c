/* A list of held calls. */
#include "services/runtime/hold.h"

#include "base/clock.h"
#include "services/runtime/svc.h"

/* Up to what watchers have to have heard, before this is answered; or 0. */
static int64_t
seen_of(const struct call *c)
{
	return args_number(&c->answer.extra, KEY_SEEN, 0);
}

static bool
may_reply(struct svc *s, const struct call *c)
{
	int64_t	seq = seen_of(c);

	return outbox_is_delivered(s, c) &&
	    announce_copies_have(s, c->entry) && (seq == 0 ||
	    watchers_have_seen(&s->announce.watchers, seq, clock_ms()));
}

static int64_t
longest_ms(const struct svc *s, const struct call *c)
{
	if (args_has(&c->answer.extra, KEY_SEEN))
		return WATCHER_LEASE_MS;
	return c->entry != 0 && keeper_has_hosts(&s->keeper) &&
	    s->settings->event_wait_ms < WATCHER_LEASE_MS ?
	    WATCHER_LEASE_MS : s->settings->event_wait_ms;
}

static void
reply_and_release(struct svc *s, struct call *c)
{
	reply_send_call(&s->reply, c);
	calls_release(&s->calls, c);
}

void
hold_or_reply(struct svc *s, struct call *c)
{
	outbox_note_call(s, c);
	announce_note_seen(s, seen_of(c));
	announce_note_entry(s, c->entry);
	if (may_reply(s, c)) {
		reply_and_release(s, c);
		return;
	}
	c->hold_until_ms = clock_ms() + longest_ms(s, c);
	c->next = s->hold.calls;
	s->hold.calls = c;
}

void
hold_turn(struct svc *s)
{
	struct call	**link = &s->hold.calls, *c;
	int64_t		  now_ms = clock_ms();

	while ((c = *link) != NULL) {
		if (!may_reply(s, c) && now_ms < c->hold_until_ms) {
			link = &c->next;
			continue;
		}
		*link = c->next;
		reply_and_release(s, c);
	}
}

int64_t
hold_until_ms(const struct svc *s)
{
	int64_t	until_ms = INT64_MAX;

	for (const struct call *c = s->hold.calls; c != NULL; c = c->next)
		if (c->hold_until_ms < until_ms)
			until_ms = c->hold_until_ms;
	return until_ms;
}
