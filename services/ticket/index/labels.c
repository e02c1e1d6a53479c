/*
 * Labels of titles: numbers far apart. A new title gets one between its
 * neighbours', and when there is no room left, all are given out anew.
 */
#include "services/ticket/index/labels.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "services/store/store.h"
#include "services/ticket/index/titles.h"
#include "services/ticket/ticket.h"

#define LABEL_STEP	(UINT64_C(1) << 32)	/* beside a neighbour */

enum err
labels_make(struct call *c, struct columns *k)
{
	sqlite3_stmt	*st = op_statement(c, SQL_TITLES);
	uint64_t	 gap = LABEL_NONE / (k->count + 2), label = 0;
	struct buf	 kept = { 0 };
	struct slot	*slot;
	enum err	 e, done;

	order_done(&k->orders[SORT_TITLE]);
	while (op_step(c, st, &e) == SQLITE_ROW) {
		if (!title_is_again(&kept, column_text(st, 1)))
			label += gap;
		slot = slot_find(k, sqlite3_column_int64(st, 0));
		if (slot != NULL) {
			slot->title = label;
			k->titles[slot - k->slots] = title_hash(st, 1);
		}
	}
	buf_done(&kept);
	done = op_done(c, st);
	k->retitled_count = 0;
	k->labelled = e == OK && done == OK;
	return e != OK ? e : done;
}

static uint64_t
label_of(const struct columns *k, sqlite3_stmt *st)
{
	struct slot	*slot = slot_find(k, sqlite3_column_int64(st, 0));

	return slot == NULL ? LABEL_NONE : slot->title;
}

static bool
is_title(sqlite3_stmt *st, struct text title)
{
	struct text	t = column_text(st, 1);

	return t.len == title.len && memcmp(t.base, title.base, t.len) == 0;
}

/*
 * The label of the nearest neighbour in one direction that has one, and
 * whether it is of the same title. No neighbour leaves *ret_label alone.
 */
static enum err
find_neighbour(struct call *c, const struct columns *k, int sql,
    struct text title, uint64_t *ret_label, bool *ret_same)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e, done;
	uint64_t	 label = LABEL_NONE;

	while (label == LABEL_NONE && op_step(c, st, &e) == SQLITE_ROW) {
		label = label_of(k, st);
		*ret_same = label != LABEL_NONE && is_title(st, title);
	}
	if (label != LABEL_NONE)
		*ret_label = label;
	done = op_done(c, st);
	return label == LABEL_NONE && e != OK ? e : done;
}

/* Find a title its label; LABEL_NONE stays where there is no room. */
static enum err
label_one(struct call *c, const struct columns *k, struct slot *slot,
    struct text title)
{
	struct args	*args = &c->request.args;
	uint64_t	 low = LABEL_EMPTY, high = LABEL_NONE, room;
	bool		 same = title.len == 0;
	enum err	 e = OK;

	slot->title = LABEL_NONE;
	args_put_number(args, KEY_ID, slot->id);
	args_put_text(args, KEY_TITLE, title);
	if (!same)
		e = find_neighbour(c, k, SQL_TITLE_BEFORE, title, &low, &same);
	if (e == OK && !same) {
		e = find_neighbour(c, k, SQL_TITLE_AFTER, title, &high, &same);
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

/*
 * Those that changed, in the order of their titles, so that what comes
 * before one has its label already.
 */
static enum err
label_changed(struct call *c, struct columns *k)
{
	sqlite3_stmt	*st = op_statement(c, SQL_TITLES_OF);
	struct slot	*slot;
	enum err	 e, done;
	bool		 room = true;

	while (op_step(c, st, &e) == SQLITE_ROW) {
		slot = slot_find(k, sqlite3_column_int64(st, 0));
		if (slot == NULL)
			continue;
		e = label_one(c, k, slot, column_text(st, 1));
		room = room && slot->title != LABEL_NONE;
		if (e != OK)
			break;
		k->titles[slot - k->slots] = title_hash(st, 1);
		if (columns_is_ordered(k, SORT_TITLE, slot))
			order_insert(&k->orders[SORT_TITLE], k, SORT_TITLE,
			    (uint32_t)(slot - k->slots));
	}
	done = op_done(c, st);
	k->labelled = e == OK && done == OK && room;
	if (k->labelled)
		k->retitled_count = 0;
	else		/* some have no place in it */
		order_done(&k->orders[SORT_TITLE]);
	return e != OK ? e : done;
}

/* Those that changed have no place until they are given one. */
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

/* As a JSON array. */
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
	struct args	*args = &c->request.args;
	struct args	 kept = *args;
	struct buf	 ids = { 0 };
	enum err	 e = OK;

	if (k->labelled && k->retitled_count > 0) {
		drop_labels(k);
		put_retitled(k, &ids);
		args_put_text(args, KEY_IDS, (struct text){ ids.base,
		    ids.len });
		e = label_changed(c, k);
		buf_done(&ids);
		*args = kept;
	}
	if (e == OK && !k->labelled)
		e = labels_make(c, k);
	return e;
}
