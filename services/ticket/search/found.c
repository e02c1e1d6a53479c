/* Places of tickets. */
#include "services/ticket/search/found.h"

#include <stdlib.h>

#include "services/ticket/ticket.h"

#define RANGE_MOST	(1 << 22)	/* of ids: more are looked up */

static enum err
read_id_bounds(struct call *c, int64_t *ret_first, int64_t *ret_last)
{
	struct stmt	st = op_stmt(c, SQL_TICKET_BOUNDS);

	*ret_first = 0;
	*ret_last = -1;
	if (stmt_next(&st) && !stmt_is_null(&st, 0)) {
		*ret_first = stmt_number(&st, 0);
		*ret_last = stmt_number(&st, 1);
	}
	return op_end(c, &st, OK);
}

static enum err
read_ticket_ids(struct call *c, struct found *f)
{
	struct stmt	st = op_stmt(c, SQL_TICKET_IDS);
	struct buf	ids = { 0 };
	int64_t		id;

	while (stmt_next(&st)) {
		id = stmt_number(&st, 0);
		buf_put(&ids, &id, sizeof(id));
	}
	buf_reserve(&ids, sizeof(id));	/* not NULL, even without tickets */
	f->ids = (int64_t *)(void *)ids.base;
	f->count = ids.len / sizeof(id);
	return op_end(c, &st, OK);
}

enum err
found_make(struct call *c, bool scored, struct found *ret)
{
	int64_t		last = 0;
	enum err	e = read_id_bounds(c, &ret->first, &last);
	uint64_t	range = (uint64_t)last - (uint64_t)ret->first + 1;

	if (e == OK && range > RANGE_MOST)
		e = read_ticket_ids(c, ret);
	else
		ret->count = (size_t)range;
	ret->hits = must_alloc(ret->count + 1);
	if (scored)
		ret->scores = must_alloc((ret->count + 1) *
		    sizeof(ret->scores[0]));
	return e;
}

void
found_done(struct found *f)
{
	free(f->hits);
	free(f->scores);
	free(f->ids);
}

bool
found_reach(struct found *f, int64_t id)
{
	uint64_t	place = (uint64_t)id - (uint64_t)f->first;

	if (f->ids != NULL)
		return found_look_up(f, id) < f->count;
	if (place < f->count)
		return true;
	if (place >= RANGE_MOST || f->scores != NULL)
		return false;
	f->hits = must_resize(f->hits, (size_t)place + 2);
	memset(f->hits + f->count, 0, (size_t)place + 2 - f->count);
	f->count = (size_t)place + 1;
	return true;
}

/* Callers mostly go through the ids in order, so first look near the last. */
size_t
found_look_up(struct found *f, int64_t id)
{
	size_t	low = 0, high = f->count, at;

	for (at = f->near; at < f->count && at <= f->near + 1; at++)
		if (f->ids[at] == id)
			return f->near = at;
	while (low < high) {
		at = low + (high - low) / 2;
		if (f->ids[at] < id)
			low = at + 1;
		else
			high = at;
	}
	f->near = low;
	return low < f->count && f->ids[low] == id ? low : f->count;
}
