/* Answers to PINGs that were not sent. */
#include "services/runtime/announce.h"

#include "base/clock.h"
#include "services/runtime/reads.h"
#include "services/runtime/svc.h"

void
announce_note_ping(struct svc *s, const struct request *ping,
    struct text peer)
{
	int64_t	seen = args_number(&ping->args, KEY_SEEN,
		    WATCHER_KEEPS_NOTHING);

	watchers_heard(&s->announce.watchers, peer, seen,
	    args_number(&s->reads.call.answer.extra, KEY_SEEN, seen),
	    clock_ms());
	if (args_has(&ping->args, KEY_ENTRY))
		watchers_heard(&s->announce.copies, peer,
		    args_number(&ping->args, KEY_ENTRY, 0), s->standing.entry,
		    clock_ms());
	if (s->service->heard != NULL)
		s->service->heard(peer);
}

void
announce_note_seen(struct svc *s, int64_t seq)
{
	if (seq > s->announce.seq)
		s->announce.seq = seq;
}

void
announce_note_entry(struct svc *s, int64_t entry)
{
	if (entry > s->announce.entry)
		s->announce.entry = entry;
	if (entry > s->standing.entry)
		s->standing.entry = entry;
}

bool
announce_copies_have(struct svc *s, int64_t entry)
{
	return entry == 0 || !keeper_has_hosts(&s->keeper) ||
	    watchers_have_seen(&s->announce.copies, entry, clock_ms());
}

/* Answer a PING of a watcher that was told up to told_seq. */
static void
tell_watcher(struct svc *s, const struct watcher *w, int64_t told_seq)
{
	struct request	ping = { .op = OP_PING, .request_id = TEXT_OF("") };

	if (told_seq != WATCHER_KEEPS_NOTHING)
		args_put_number(&ping.args, KEY_SEEN, told_seq);
	(void)reads_run(s, &ping, NULL, 0);
	(void)reply_send(&s->reply, (struct text){ w->peer.base, w->peer.len });
}

static void
tell_copies(struct svc *s)
{
	const struct watcher	*w;
	int64_t			 told_seq;

	if (s->announce.entry == 0)
		return;
	while ((w = watchers_to_tell(&s->announce.copies, s->announce.entry,
	    &told_seq)) != NULL)
		tell_watcher(s, w, WATCHER_KEEPS_NOTHING);
	reads_end(s);
	s->announce.entry = 0;
}

void
announce_turn(struct svc *s)
{
	const struct watcher	*w;
	int64_t			 told_seq;

	tell_copies(s);
	if (s->announce.seq == 0)
		return;
	while ((w = watchers_to_tell(&s->announce.watchers, s->announce.seq,
	    &told_seq)) != NULL)
		tell_watcher(s, w, told_seq);
	reads_end(s);
	s->announce.seq = 0;
}

void
announce_standing(struct svc *s)
{
	const struct watchers	*watchers = &s->announce.watchers;
	const struct watcher	*w;

	for (size_t i = 0; i < watchers->count; i++) {
		w = &watchers->rows[i];
		tell_watcher(s, w, w->seen != WATCHER_KEEPS_NOTHING ?
		    w->told_seq : WATCHER_KEEPS_NOTHING);
	}
	reads_end(s);
}
