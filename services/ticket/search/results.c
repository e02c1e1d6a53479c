/* The results of the last few searches. */
#include "services/ticket/search/results.h"

#include <stdlib.h>

void
result_free(struct result *r)
{
	if (r == NULL)
		return;
	found_done(&r->found);
	buf_done(&r->content);
	free(r);
}

void
results_free(struct result *r)
{
	struct result	*next;

	for (; r != NULL; r = next) {
		next = r->next;
		result_free(r);
	}
}

bool
result_is_current(const struct result *r, const struct columns *k)
{
	return !r->found.passing && r->stream == k->stream &&
	    r->seq == k->seq;
}

static bool
is_of_query(const struct result *r, const struct buf *content, bool scored)
{
	return r != NULL && text_same(buf_text(&r->content), buf_text(content)) &&
	    (r->found.scores != NULL || !scored);
}

struct result *
results_among(struct result *r, const struct buf *content, bool scored)
{
	while (r != NULL && !is_of_query(r, content, scored))
		r = r->next;
	return r;
}

static struct result *
find_result(const struct results *rs, const struct columns *k,
    const struct buf *content, bool scored)
{
	struct result	*r = results_among(rs->own, content, scored);

	if (r != NULL)
		return r;
	for (int i = 0; i < RESULTS_MOST; i++) {
		r = rs->list[i];
		if (is_of_query(r, content, scored) && result_is_current(r, k))
			return r;
	}
	return NULL;
}

struct result *
results_find(struct results *rs, const struct columns *k,
    const struct buf *content, bool scored)
{
	struct result	*r = find_result(rs, k, content, scored);

	if (r != NULL)
		r->used = ++rs->uses;
	return r;
}

struct result *
results_kept(struct results *rs, const struct buf *content)
{
	struct result	*last = NULL, *r;

	for (int i = 0; i < RESULTS_MOST; i++) {
		r = rs->list[i];
		if (is_of_query(r, content, false) && r->found.scores == NULL &&
		    (last == NULL || r->seq > last->seq))
			last = r;
	}
	return last;
}

void
results_keep(struct results *rs, struct result *r)
{
	struct result	**place = &rs->list[0];

	for (int i = 1; i < RESULTS_MOST && *place != NULL; i++)
		if (rs->list[i] == NULL || rs->list[i]->used < (*place)->used)
			place = &rs->list[i];
	result_free(*place);
	*place = r;
	r->next = NULL;
	r->used = ++rs->uses;
}

void
results_take(struct results *rs, struct result *own)
{
	struct result	*next;

	for (; rs->own != NULL; rs->own = next) {
		next = rs->own->next;
		results_keep(rs, rs->own);
	}
	rs->own = own;
}

void
results_done(struct results *rs)
{
	for (int i = 0; i < RESULTS_MOST; i++)
		result_free(rs->list[i]);
	results_free(rs->own);
	*rs = (struct results){ 0 };
}
