/*
 * Labels of titles: numbers in the order of the titles, far apart. A new title
 * gets one between those of its neighbours; when there is no room, all titles
 * get new labels.
 */
#include "services/ticket/index/labels.h"

#include "base/json.h"
#include "services/ticket/index/titles.h"
#include "services/ticket/ticket.h"

#define LABEL_STEP	(UINT64_C(1) << 32)	/* at most, from a neighbour */

enum err
labels_make(struct call *c, struct columns *k)
{
	struct stmt	 st = op_stmt(c, SQL_TITLES);
	uint64_t	 gap = LABEL_NONE / (k->count + 2), label = 0;
	struct buf	 last = { 0 };
	struct slot	*slot;
	enum err	 e;

	order_done(&k->orders[SORT_TITLE]);
	while (stmt_next(&st)) {
		if (!title_is_again(&last, stmt_text(&st, 1)))
			label += gap;
		slot = slot_find(k, stmt_number(&st, 0));
		if (slot != NULL) {
			slot->title = label;
			k->titles[slot - k->slots] =
			    title_hash(stmt_text(&st, 1));
		}
	}
	buf_done(&last);
	e = op_end(c, &st, OK);
	k->retitled_count = 0;
	k->labelled = e == OK;
	return e;
}

static uint64_t
label_of(const struct columns *k, int64_t id)
{
	struct slot	*slot = slot_find(k, id);

	return slot == NULL ? LABEL_NONE : slot->title;
}

/*
 * Find the nearest neighbour in one direction that has a label, and whether it
 * has the same title. Without such a neighbour *ret_label stays as it is.
 */
static enum err
find_neighbour(struct call *c, const struct columns *k, int sql, int64_t id,
    struct text title, uint64_t *ret_label, bool *ret_same)
{
	struct stmt	st = op_stmt(c, sql);
	uint64_t	label = LABEL_NONE;

	stmt_bind_number(&st, KEY_ID, id);
	stmt_bind_text(&st, KEY_TITLE, title);
	while (label == LABEL_NONE && stmt_next(&st)) {
		label = label_of(k, stmt_number(&st, 0));
		*ret_same = label != LABEL_NONE &&
		    text_same(stmt_text(&st, 1), title);
	}
	if (label != LABEL_NONE)
		*ret_label = label;
	return op_end(c, &st, OK);
}

/* Find a label for a title; it is LABEL_NONE if there is no room for one. */
static enum err
find_label(struct call *c, const struct columns *k, struct slot *slot,
    struct text title)
{
	uint64_t	low = LABEL_EMPTY, high = LABEL_NONE, room;
	bool		same = title.len == 0;
	enum err	e = OK;

	slot->title = LABEL_NONE;
	if (!same)
		e = find_neighbour(c, k, SQL_TITLE_BEFORE, slot->id, title,
		    &low, &same);
	if (e == OK && !same) {
		e = find_neighbour(c, k, SQL_TITLE_AFTER, slot->id, title,
		    &high, &same);
		if (same)
			low = high;
	}
	room = (high - low) / 2;
	if (same)
		slot->title = low;
	else if (room > 0)
		slot->title = low + (room < LABEL_STEP ? room : LABEL_STEP);
	return e;
}

/* Label a slot, and put it into the order of titles. */
static enum err
label_slot(struct call *c, struct columns *k, struct slot *slot,
    struct text title)
{
	enum err	e = find_label(c, k, slot, title);

	if (e != OK)
		return e;
	k->titles[slot - k->slots] = title_hash(title);
	if (columns_is_ordered(k, SORT_TITLE, slot))
		order_insert(&k->orders[SORT_TITLE], k, SORT_TITLE,
		    (uint32_t)(slot - k->slots));
	return OK;
}

/*
 * Label the tickets whose titles have changed, in the order of the titles, so
 * that the one before has its label already. `ids` is a JSON array.
 */
static enum err
label_changed(struct call *c, struct columns *k, struct text ids)
{
	struct stmt	 st = op_stmt(c, SQL_TITLES_OF);
	struct slot	*slot;
	enum err	 e = OK;
	bool		 room = true;

	stmt_bind_text(&st, KEY_IDS, ids);
	while (e == OK && stmt_next(&st)) {
		slot = slot_find(k, stmt_number(&st, 0));
		if (slot == NULL)
			continue;
		e = label_slot(c, k, slot, stmt_text(&st, 1));
		room = room && slot->title != LABEL_NONE;
	}
	e = op_end(c, &st, e);
	k->labelled = e == OK && room;
	if (k->labelled)
		k->retitled_count = 0;
	else		/* it lacks those without a label */
		order_done(&k->orders[SORT_TITLE]);
	return e;
}

/* Take the labels away from titles that have changed. */
static void
drop_labels(struct columns *k)
{
	struct slot	*slot;

	for (size_t i = 0; i < k->retitled_count; i++) {
		slot = slot_find(k, k->retitled[i]);
		if (slot == NULL)
			continue;
		if (columns_is_ordered(k, SORT_TITLE, slot))
			order_remove(&k->orders[SORT_TITLE], k, SORT_TITLE,
			    (uint32_t)(slot - k->slots));
		slot->title = LABEL_NONE;
	}
}

/* Put the ids of tickets with changed titles as a JSON array. */
static void
put_retitled(const struct columns *k, struct buf *ret)
{
	for (size_t i = 0; i < k->retitled_count; i++) {
		buf_put_byte(ret, i == 0 ? '[' : ',');
		json_put_number(ret, k->retitled[i]);
	}
	buf_put_byte(ret, ']');
}

enum err
labels_update(struct call *c, struct columns *k)
{
	struct buf	ids = { 0 };
	enum err	e = OK;

	if (k->labelled && k->retitled_count > 0) {
		drop_labels(k);
		put_retitled(k, &ids);
		e = label_changed(c, k, buf_text(&ids));
		buf_done(&ids);
	}
	if (e == OK && !k->labelled)
		e = labels_make(c, k);
	return e;
}
