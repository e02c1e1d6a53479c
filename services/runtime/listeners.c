/* Listeners: a short list, walked. */
#include "services/runtime/listeners.h"

#include <stdlib.h>

#include "base/log.h"

#define LISTENERS_MOST	4096

void
listeners_done(struct listeners *l)
{
	for (size_t i = 0; i < l->size; i++)
		buf_done(&l->rows[i].peer);
	free(l->rows);
	*l = (struct listeners){ 0 };
}

static struct listener *
find(struct listeners *l, struct text peer)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].peer.len == peer.len &&
		    memcmp(l->rows[i].peer.base, peer.base, peer.len) == 0)
			return &l->rows[i];
	return NULL;
}

/* The last row takes the place; the two swap their memory. */
static void
forget(struct listeners *l, size_t at)
{
	struct listener	gone = l->rows[at];

	l->rows[at] = l->rows[--l->count];
	l->rows[l->count] = gone;
}

static void
forget_silent(struct listeners *l, int64_t now_ms)
{
	for (size_t i = l->count; i-- > 0;)
		if (now_ms - l->rows[i].pinged_ms >= LISTENER_LEASE_MS)
			forget(l, i);
}

static struct listener *
add(struct listeners *l, struct text peer, int64_t now_ms)
{
	struct listener	*row;

	if (l->count == LISTENERS_MOST)
		forget_silent(l, now_ms);
	if (l->count == LISTENERS_MOST)
		return NULL;
	if (l->count == l->size) {
		l->size = l->size == 0 ? 8 : l->size * 2;
		l->rows = realloc(l->rows, l->size * sizeof(l->rows[0]));
		CHECK(l->rows != NULL);
		memset(l->rows + l->count, 0,
		    (l->size - l->count) * sizeof(l->rows[0]));
	}
	row = &l->rows[l->count++];
	row->peer.len = 0;
	buf_put(&row->peer, peer.base, peer.len);
	return row;
}

void
listeners_turn(struct listeners *l, int64_t now_ms)
{
	if (now_ms - l->turn_ms >= LISTENERS_DEAF_MS)
		l->since_ms = now_ms;
	l->turn_ms = now_ms;
}

void
listeners_heard(struct listeners *l, struct text peer, int64_t seen,
    int64_t told_seq, int64_t now_ms)
{
	struct listener	*row = find(l, peer);

	if (row == NULL)
		row = add(l, peer, now_ms);
	if (row == NULL)
		return;
	row->seen = seen;
	row->pinged_ms = now_ms;
	row->told_seq = told_seq;
}

bool
listeners_have_seen(struct listeners *l, int64_t seq, int64_t now_ms)
{
	bool	all = true;

	if (now_ms - l->since_ms < LISTENER_LEASE_MS)
		all = false;
	else
		forget_silent(l, now_ms);
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].seen < seq)
			all = false;
	return all;
}

const struct listener *
listeners_to_tell(struct listeners *l, int64_t seq, int64_t *ret_told_seq)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->rows[i].told_seq < seq) {
			*ret_told_seq = l->rows[i].told_seq;
			l->rows[i].told_seq = seq;
			return &l->rows[i];
		}
	return NULL;
}
