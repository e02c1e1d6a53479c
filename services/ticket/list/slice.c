/* Picking slices of lists, and putting their rows. */
#include "services/ticket/list/slice.h"

#include <stdlib.h>

#include "services/ticket/list/bitmaps.h"
#include "services/ticket/list/collect.h"
#include "services/ticket/list/few.h"
#include "services/ticket/list/walk.h"
#include "services/ticket/marks.h"
#include "services/ticket/ticket.h"

/* --- from the columns ----------------------------------------------------- */

static size_t
least_of(size_t one, size_t other)
{
	return one < other ? one : other;
}

static void
reserve_ids(struct slice *s, size_t count)
{
	s->ids = must_alloc((count + 1) * sizeof(s->ids[0]));
	s->count = count;
}

/* The list of all tickets by their ids has the order of the slots. */
static void
pick_all(struct slice *s, size_t offset, size_t limit)
{
	const struct columns	*k = s->list.columns;
	size_t			 from = least_of(offset, k->count);

	reserve_ids(s, least_of(limit, k->count - from));
	for (size_t i = 0; i < s->count; i++)
		s->ids[i] = k->slots[from + i].id;
	s->contiguous = true;
	s->total = (int64_t)k->count;
	s->more = from + s->count < k->count;
}

static void
pick_matches(struct slice *s, struct matches *m, size_t offset, size_t limit)
{
	const struct list	*l = &s->list;
	size_t			 from = least_of(offset, m->count);

	reserve_ids(s, least_of(limit, m->count - from));
	matches_arrange(m, from, s->count);
	for (size_t i = 0; i < s->count; i++)
		s->ids[i] = l->columns->slots[m->match[from + i].slot].id;
	s->total = m->total;
	s->more = from + s->count < m->count;
	if (s->count > 0)
		s->last_key = list_key(l, m->match[from + s->count - 1].slot);
}

/* Collect from what the search found, or from all slots if that is much. */
static void
pick_searched(struct slice *s, size_t offset, size_t limit)
{
	struct matches	m = { .match = NULL };

	if (!collect_found(&s->list, &m))
		collect_all(&s->list, &m);
	pick_matches(s, &m, offset, limit);
	matches_done(&m);
}

/* One slot more than the limit tells whether others follow. */
static void
pick_walk(struct slice *s, const uint64_t *bits, size_t passing,
    size_t offset, size_t limit)
{
	const struct slot	*slots = s->list.columns->slots;
	size_t			 most = least_of(passing, limit) + 1, count;
	uint32_t		*taken = must_alloc((most + 1) *
				    sizeof(taken[0]));

	count = walk_take(&s->list, bits, offset, taken, most);
	reserve_ids(s, least_of(count, limit));
	for (size_t i = 0; i < s->count; i++)
		s->ids[i] = slots[taken[i]].id;
	s->total = (int64_t)passing;
	s->more = count > limit;
	if (s->count > 0)
		s->last_key = list_key(&s->list, taken[s->count - 1]);
	free(taken);
}

static void
pick_by_bits(struct slice *s, size_t offset, size_t limit)
{
	struct list	*l = &s->list;
	struct matches	 m = { .match = NULL };
	size_t		 count;
	const uint64_t	*bits = bitmaps_find(l->bitmaps, l->columns,
			    &l->filter, &count);

	if (count > FEW_MOST) {
		pick_walk(s, bits, count, offset, limit);
		return;
	}
	collect_bits(l, bits, count, &m);
	pick_matches(s, &m, offset, limit);
	matches_done(&m);
}

/* Collect the slots if few pass, else walk through the order. */
static void
pick_filtered(struct slice *s, size_t offset, size_t limit)
{
	struct list	*l = &s->list;
	struct matches	 m = { .match = NULL };
	uint32_t	*few;
	size_t		 count;
	bool		 is_few = few_find(l->columns, &l->filter, &few,
			    &count);

	if (!is_few && l->filter.chosen == NULL) {
		pick_by_bits(s, offset, limit);
		return;
	}
	if (is_few)
		collect_slots(l, few, count, &m);
	else
		collect_all(l, &m);
	free(few);
	pick_matches(s, &m, offset, limit);
	matches_done(&m);
}

static void
pick_listed(struct slice *s, size_t offset, size_t limit)
{
	const struct list	*l = &s->list;

	if (l->found != NULL)
		pick_searched(s, offset, limit);
	else if (l->filter.any)
		pick_filtered(s, offset, limit);
	else if (l->sorting.by == SORT_ID && !l->sorting.descending &&
	    !l->position.is_walk)
		pick_all(s, offset, limit);
	else
		pick_walk(s, NULL, l->columns->count, offset, limit);
}

/* --- from the store ------------------------------------------------------- */

/* Whether a request is for the list of all tickets by their ids. */
static bool
asks_for_all(const struct call *c)
{
	const struct args	*args = &c->request.args;
	struct text		 sort = args_text(args, KEY_SORT);

	if (args_has_any(args, K(FILTER_KEYS, CONTENT, CURSOR)))
		return false;
	return !args_has(args, KEY_SORT) ||
	    text_same(sort, TEXT_OF("ticketid"));
}

struct span {
	int64_t	count;		/* of tickets */
	int64_t	first;
	int64_t	last;
};

static enum err
read_span(struct call *c, struct span *ret)
{
	struct stmt	st = op_stmt(c, SQL_TICKET_SPAN);

	if (stmt_next(&st)) {
		ret->count = stmt_number(&st, 0);
		ret->first = stmt_number(&st, 1);
		ret->last = stmt_number(&st, 2);
	}
	return op_end(c, &st, OK);
}

/*
 * While the columns are being loaded: if no id is missing between the first and
 * the last one, the store's bounds tell the ids of any page.
 */
static enum err
pick_by_span(struct call *c, int64_t offset, int64_t limit, struct slice *s,
    bool *ret_picked)
{
	struct span	span = { .count = 0 };
	int64_t		left;
	enum err	e = read_span(c, &span);

	*ret_picked = e == OK && span.count > 0 &&
	    span.last - span.first == span.count - 1;
	if (!*ret_picked)
		return e;
	left = offset < span.count ? span.count - offset : 0;
	reserve_ids(s, (size_t)(limit < left ? limit : left));
	for (size_t i = 0; i < s->count; i++)
		s->ids[i] = span.first + offset + (int64_t)i;
	s->contiguous = true;
	s->total = span.count;
	s->more = (int64_t)s->count < left;
	return sorting_read(c, &s->list.sorting);
}

enum err
slice_pick(struct call *c, int64_t offset, int64_t limit, struct slice *ret)
{
	struct ticket_index	*index = ticket_index_of(c);
	enum err		 e = OK;
	bool			 picked = false;

	*ret = (struct slice){ .count = 0 };
	search_take(&index->searches, c);
	if (asks_for_all(c) && loader_is_loading(&index->loader))
		e = pick_by_span(c, offset, limit, ret, &picked);
	if (e != OK || picked)
		return e;
	e = list_read(c, &ret->list);
	if (e == OK)
		pick_listed(ret, (size_t)offset, (size_t)limit);
	return e;
}

void
slice_done(struct slice *s)
{
	list_done(&s->list);
	free(s->ids);
}

/* --- rows ----------------------------------------------------------------- */

enum err
slice_put_cursor(struct call *c, const struct slice *s)
{
	if (!s->more || s->count == 0)
		return OK;
	return position_put(c, &s->list.sorting, s->ids[s->count - 1],
	    s->last_key);
}

/* Keep the first `count` rows of a slice. */
static enum err
cut_slice(struct slice *s, size_t count)
{
	const struct columns	*k = s->list.columns;
	const struct slot	*slot;

	if (count == s->count)
		return OK;
	slot = slot_find(k, s->ids[count - 1]);
	if (slot == NULL)
		return ERR_INTERNAL;
	s->last_key = list_key(&s->list, (size_t)(slot - k->slots));
	s->count = count;
	s->more = true;
	return OK;
}

/* Snippets are made only if `fields` names them, as texts are read for them. */
static bool
wants_snippet(const struct call *c)
{
	return args_has(&c->request.args, KEY_CONTENT) &&
	    member_is_wanted(c, "snippet");
}

static enum err
put_ticket(struct call *c, int64_t id, struct text snippet, int sql,
    slice_put *put)
{
	struct stmt	st = op_stmt(c, sql);
	enum err	e = OK;

	stmt_bind_number(&st, KEY_ID, id);
	if (snippet.base != NULL)
		stmt_bind_text(&st, KEY_DATA, snippet);
	if (stmt_next(&st))
		e = put(c, &st);
	return op_end(c, &st, e);
}

enum err
slice_put_rows(struct call *c, struct slice *s, int sql, size_t most,
    slice_put *put)
{
	struct searches	*searches = &ticket_index_of(c)->searches;
	bool		 has_snippet = wants_snippet(c);
	struct text	 snippet = { NULL, 0 };
	enum err	 e = OK;

	if (sql == SQL_TICKET_OF_LIST && marks_are_wanted(c))
		sql = SQL_TICKET_OF_LIST_MARKED;
	for (size_t i = 0; i < s->count && e == OK; i++) {
		if (has_snippet)
			e = search_show(searches, c, s->ids[i], &snippet);
		if (e == OK)
			e = put_ticket(c, s->ids[i], snippet, sql, put);
		if (e == OK && c->fragment.len >= most)
			e = cut_slice(s, i + 1);
	}
	return e;
}
