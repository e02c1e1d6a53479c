/*
 * Columns of tickets: loaded from the store once, then kept up to date by the
 * rows of table `changes`.
 */
#include "services/ticket/index/columns.h"

#include <stdlib.h>

#include "services/ticket/index/titles.h"
#include "services/ticket/ticket.h"

/* If more titles change than this and 2 % of all, all get new labels. */
#define RETITLED_MOST	500

/* If more tickets are deleted at once, orders are built anew. */
#define GONE_FEW	16

/* --- orders -------------------------------------------------------------- */

const struct order *
columns_order(struct columns *k, enum sort sort)
{
	if (sort == SORT_ID)
		return NULL;
	if (!k->orders[sort].built)
		order_build(&k->orders[sort], k, sort);
	return &k->orders[sort];
}

static void
drop_orders(struct columns *k)
{
	for (int sort = 0; sort < SORT_RELEVANCE; sort++)
		order_done(&k->orders[sort]);
}

bool
columns_is_ordered(const struct columns *k, enum sort sort,
    const struct slot *slot)
{
	return k->orders[sort].built &&
	    (sort != SORT_TITLE || slot->title != LABEL_NONE);
}

/* Put a new slot into the orders that are built. */
static void
insert_slot(struct columns *k, const struct slot *slot)
{
	uint32_t	at = (uint32_t)(slot - k->slots);

	for (int sort = 0; sort < SORT_RELEVANCE; sort++)
		if (columns_is_ordered(k, sort, slot))
			order_insert(&k->orders[sort], k, sort, at);
}

static void
remove_slot(struct columns *k, const struct slot *slot)
{
	uint32_t	at = (uint32_t)(slot - k->slots);

	for (int sort = 0; sort < SORT_RELEVANCE; sort++)
		if (columns_is_ordered(k, sort, slot))
			order_remove(&k->orders[sort], k, sort, at);
}

/* Change a slot, and move it in the orders whose keys change with it. */
static void
change_slot(struct columns *k, struct slot *slot, const struct slot *new)
{
	uint32_t	at = (uint32_t)(slot - k->slots);
	bool		moves[SORT_RELEVANCE];

	for (int sort = 0; sort < SORT_RELEVANCE; sort++) {
		moves[sort] = columns_is_ordered(k, sort, slot) &&
		    slot_key(k, sort, slot) != slot_key(k, sort, new);
		if (moves[sort])
			order_remove(&k->orders[sort], k, sort, at);
	}
	*slot = *new;
	for (int sort = 0; sort < SORT_RELEVANCE; sort++)
		if (moves[sort])
			order_insert(&k->orders[sort], k, sort, at);
}

/* --- loading ------------------------------------------------------------- */

static int
compare_slots(const void *a, const void *b)
{
	const struct slot	*one = a, *other = b;

	return (one->id > other->id) - (one->id < other->id);
}

enum err
columns_bounds(struct call *c, struct change_bounds *ret)
{
	struct stmt	st = op_stmt(c, SQL_CHANGE_BOUNDS);

	*ret = (struct change_bounds){ 0 };
	if (stmt_next(&st)) {
		ret->first = stmt_number(&st, 0);
		ret->last = stmt_number(&st, 1);
	}
	return op_end(c, &st, OK);
}

static enum err
load_newest(struct call *c, struct columns *k)
{
	struct stmt		 st = op_stmt(c, SQL_COLUMNS_NEWEST);
	const struct slot	*slot;

	while (stmt_next(&st)) {
		slot = slot_find(k, stmt_number(&st, 0));
		if (slot != NULL)
			k->newest[slot - k->slots] =
			    (uint32_t)stmt_number(&st, 1);
	}
	return op_end(c, &st, OK);
}

enum err
columns_load(struct call *c, struct columns *k, int64_t last)
{
	struct stmt	st = op_stmt(c, SQL_COLUMNS_ALL);
	enum err	e;

	k->loaded = k->ranked = k->labelled = false;
	k->count = 0;
	k->generation++;
	drop_orders(k);
	while (stmt_next(&st))
		slot_fill(k, slot_append(k), &st);
	e = op_end(c, &st, OK);
	if (e != OK)
		return e;
	if (k->count > 0)
		qsort(k->slots, k->count, sizeof(k->slots[0]), compare_slots);
	facets_make(k);
	e = load_newest(c, k);
	if (e != OK)
		return e;
	k->stream = c->session->stream;
	k->seq = last;
	k->loaded = true;
	return OK;
}

/* --- changes ------------------------------------------------------------- */

static void
note_title(struct columns *k, int64_t id)
{
	if (!k->labelled)
		return;
	if (k->retitled_count == k->retitled_room) {
		k->retitled_room = k->retitled_room * 2 + 64;
		k->retitled = must_resize(k->retitled, k->retitled_room *
		    sizeof(k->retitled[0]));
	}
	k->retitled[k->retitled_count++] = id;
	k->labelled = k->retitled_count <= RETITLED_MOST + k->count / 50;
}

/* Take over a ticket that is new (slot NULL) or has changed. */
static void
take_ticket(struct columns *k, struct slot *slot, const struct stmt *st)
{
	struct slot	now;

	slot_fill(k, &now, st);
	if (slot == NULL) {
		slot = slot_append(k);
		*slot = now;
		insert_slot(k, slot);
		note_title(k, now.id);
	} else {
		now.title = slot->title;
		facets_leave(k, (size_t)(slot - k->slots));
		change_slot(k, slot, &now);
		if (k->titles[slot - k->slots] != title_hash(stmt_text(st,
		    10)))
			note_title(k, now.id);
	}
	facets_enter(k, (size_t)(slot - k->slots));
	k->newest[slot - k->slots] = (uint32_t)stmt_number(st, 11);
	k->journal[k->journaled++ % JOURNAL_SIZE] =
	    (uint32_t)(slot - k->slots);
}

static void
lose_ticket(struct columns *k, struct slot *slot)
{
	remove_slot(k, slot);
	facets_leave(k, (size_t)(slot - k->slots));
	slot->replies = GONE;
	k->gaps = true;
}

static enum err
apply_change(struct call *c, struct columns *k, int64_t id)
{
	struct slot	*slot = slot_find(k, id);
	struct stmt	 st = op_stmt(c, SQL_COLUMNS_OF);
	enum err	 e;
	bool		 exists;

	stmt_bind_number(&st, KEY_ID, id);
	exists = stmt_next(&st);
	if (exists && slot == NULL && k->count > 0 &&
	    k->slots[k->count - 1].id > id)
		k->loaded = false;	/* slots cannot be inserted */
	else if (exists)
		take_ticket(k, slot, &st);
	e = op_end(c, &st, OK);
	if (e == OK && !exists && slot != NULL)
		lose_ticket(k, slot);
	return e;
}

static void
close_gaps(struct columns *k)
{
	uint32_t	gone[GONE_FEW];
	size_t		to = 0, many = 0;

	for (size_t from = 0; from < k->count; from++) {
		if (k->slots[from].replies == GONE) {
			if (many < GONE_FEW)
				gone[many] = (uint32_t)from;
			many++;
			continue;
		}
		k->titles[to] = k->titles[from];
		k->newest[to] = k->newest[from];
		k->facets.rows[to] = k->facets.rows[from];
		k->slots[to++] = k->slots[from];
	}
	k->count = to;
	k->generation++;
	for (int sort = 0; sort < SORT_RELEVANCE; sort++) {
		if (many > GONE_FEW)
			order_done(&k->orders[sort]);
		else
			order_renumber(&k->orders[sort], gone, many);
	}
}

/*
 * After a failure the next call applies the same changes again, which does no
 * harm: what a change tells is an id, and the row is read for it.
 */
static enum err
apply_changes(struct call *c, struct columns *k, int64_t last)
{
	struct stmt	st = op_stmt(c, SQL_CHANGES_SINCE);
	int64_t		id;
	enum err	e = OK;

	stmt_bind_number(&st, KEY_SEQ, k->seq);
	while (e == OK && k->loaded && stmt_next(&st)) {
		id = stmt_number(&st, 0);
		if (id == 0)
			k->ranked = false;	/* a name has changed */
		else
			e = apply_change(c, k, id);
	}
	e = op_end(c, &st, e);
	if (k->gaps)
		close_gaps(k);
	k->gaps = false;
	if (e == OK)
		k->seq = last;
	return e;
}

/*
 * Whether all changes since the last one are still in the store, which deletes
 * old ones, and are few enough to be applied one by one.
 */
static bool
can_apply(const struct columns *k, const struct change_bounds *b)
{
	return b->first <= k->seq + 1 && b->last >= k->seq &&
	    b->last - k->seq <= (int64_t)k->count / 4 + 1000;
}

enum err
columns_follow(struct call *c, struct columns *k,
    const struct change_bounds *b)
{
	enum err	e = OK;

	if (k->stream != c->session->stream)
		k->loaded = false;
	if (k->loaded && b->last == k->seq)
		return OK;
	if (k->loaded && can_apply(k, b))
		e = apply_changes(c, k, b->last);
	else
		k->loaded = false;
	/* apply_changes() may have found that it cannot apply one */
	if (e == OK && !k->loaded)
		e = columns_load(c, k, b->last);
	return e;
}

void
columns_done(struct columns *k)
{
	for (int kind = 0; kind < CODE_END; kind++)
		codes_done(&k->codes[kind]);
	drop_orders(k);
	facets_done(&k->facets);
	free(k->retitled);
	free(k->slots);
	free(k->titles);
	free(k->newest);
	*k = (struct columns){ 0 };
}
