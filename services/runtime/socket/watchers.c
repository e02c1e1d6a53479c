/* Watchers: a short list that is searched from one end to the other. */
#include "services/runtime/socket/watchers.h"

#include <stdlib.h>

#include "base/log.h"

#define WATCHERS_MOST	4096

void
watchers_done(struct watchers *w)
{
	for (size_t i = 0; i < w->size; i++)
		buf_done(&w->rows[i].peer);
	free(w->rows);
	*w = (struct watchers){ 0 };
}

static struct watcher *
find_watcher(struct watchers *w, struct text peer)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->rows[i].peer.len == peer.len &&
		    memcmp(w->rows[i].peer.base, peer.base, peer.len) == 0)
			return &w->rows[i];
	return NULL;
}

/* The last row takes its place. The two swap their memory, to be used again. */
static void
forget_watcher(struct watchers *w, size_t at)
{
	struct watcher	gone = w->rows[at];

	w->rows[at] = w->rows[--w->count];
	w->rows[w->count] = gone;
}

static void
forget_silent(struct watchers *w, int64_t now_ms)
{
	for (size_t i = w->count; i-- > 0;)
		if (now_ms - w->rows[i].pinged_ms >= WATCHER_LEASE_MS)
			forget_watcher(w, i);
}

/* NULL if there are as many as there may be. */
static struct watcher *
add_watcher(struct watchers *w, struct text peer, int64_t now_ms)
{
	struct watcher	*row;

	if (w->count == WATCHERS_MOST)
		forget_silent(w, now_ms);
	if (w->count == WATCHERS_MOST)
		return NULL;
	if (w->count == w->size) {
		w->size = w->size == 0 ? 8 : w->size * 2;
		w->rows = realloc(w->rows, w->size * sizeof(w->rows[0]));
		CHECK(w->rows != NULL);
		memset(w->rows + w->count, 0,
		    (w->size - w->count) * sizeof(w->rows[0]));
	}
	row = &w->rows[w->count++];
	row->peer.len = 0;
	buf_put(&row->peer, peer.base, peer.len);
	return row;
}

void
watchers_turn(struct watchers *w, int64_t now_ms)
{
	if (now_ms - w->turn_ms >= WATCHERS_DEAF_MS)
		w->since_ms = now_ms;
	w->turn_ms = now_ms;
}

void
watchers_heard(struct watchers *w, struct text peer, int64_t seen,
    int64_t told_seq, int64_t now_ms)
{
	struct watcher	*row = find_watcher(w, peer);

	if (row == NULL)
		row = add_watcher(w, peer, now_ms);
	if (row == NULL)
		return;
	row->seen = seen;
	row->pinged_ms = now_ms;
	row->told_seq = told_seq;
}

bool
watchers_have_seen(struct watchers *w, int64_t seq, int64_t now_ms)
{
	bool	all = true;

	if (now_ms - w->since_ms < WATCHER_LEASE_MS)
		all = false;
	else
		forget_silent(w, now_ms);
	for (size_t i = 0; i < w->count; i++)
		if (w->rows[i].seen < seq)
			all = false;
	return all;
}

const struct watcher *
watchers_to_tell(struct watchers *w, int64_t seq, int64_t *ret_told_seq)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->rows[i].told_seq < seq) {
			*ret_told_seq = w->rows[i].told_seq;
			w->rows[i].told_seq = seq;
			return &w->rows[i];
		}
	return NULL;
}
