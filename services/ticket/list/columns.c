/*
 * Columns of tickets. Labels of titles are numbers far apart; a new title
 * gets one between its neighbours', and when there is no room left, all are
 * given out anew.
 */
#include "services/ticket/list/columns.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "services/ticket/ticket.h"

#define CODES_FIRST	64		/* room at first; a power of two */
#define RETITLED_MOST	500		/* and a 50th of all: more, and all
					 * are labelled anew */
#define LABEL_STEP	(UINT64_C(1) << 32)	/* beside a neighbour */
#define GONE		UINT32_MAX	/* in replies: to be taken out */
#define GONE_FEW	16		/* at once: orders are mended */
#define SIGN	(UINT64_C(1) << 63)	/* makes order of signed numbers */

static struct columns	columns;

/* --- codes --------------------------------------------------------------- */

static uint32_t
place_of(const struct codes *codes, int64_t id)
{
	uint64_t	hash = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t	at = (uint32_t)(hash >> 32) & codes->mask, code;

	while ((code = codes->table[at]) != 0 && codes->ids[code] != id)
		at = (at + 1) & codes->mask;
	return at;
}

uint32_t
codes_find(const struct codes *codes, int64_t id)
{
	return codes->count == 0 ? 0 : codes->table[place_of(codes, id)];
}

static void *
must_resize(void *p, size_t size)
{
	p = realloc(p, size);
	CHECK(p != NULL);
	return p;
}

/* Twice the room; the table has twice as many places as there are codes. */
static void
codes_grow(struct codes *codes)
{
	uint32_t	room = codes->room == 0 ? CODES_FIRST :
			    codes->room * 2;

	codes->ids = must_resize(codes->ids, room * sizeof(codes->ids[0]));
	codes->ranks = must_resize(codes->ranks,
	    room * sizeof(codes->ranks[0]));
	memset(codes->ranks + codes->room, 0,
	    (room - codes->room) * sizeof(codes->ranks[0]));
	codes->used = must_resize(codes->used, room);
	memset(codes->used + codes->room, 0, room - codes->room);
	codes->room = room;
	free(codes->table);
	codes->table = must_alloc(2 * (size_t)room *
	    sizeof(codes->table[0]));
	codes->mask = 2 * room - 1;
	if (codes->count == 0)
		codes->ids[codes->count++] = INT64_MIN;
	for (uint32_t code = 1; code < codes->count; code++)
		codes->table[place_of(codes, codes->ids[code])] = code;
}

static uint32_t
codes_add(struct codes *codes, int64_t id)
{
	uint32_t	at;

	if (codes->count == codes->room)
		codes_grow(codes);
	at = place_of(codes, id);
	if (codes->table[at] == 0) {
		codes->ids[codes->count] = id;
		codes->table[at] = codes->count++;
	}
	return codes->table[at];
}

/* --- slots --------------------------------------------------------------- */

/*
 * A slot is at most as far from the first one, and from the last one, as its
 * id is: where few tickets were deleted, little is left to look through.
 */
struct slot *
columns_find(const struct columns *k, int64_t id)
{
	size_t		low = 0, high = k->count, middle;
	uint64_t	far;

	if (high == 0 || id < k->slots[0].id || id > k->slots[high - 1].id)
		return NULL;
	far = (uint64_t)k->slots[high - 1].id - (uint64_t)id;
	if (far < high)
		low = high - 1 - (size_t)far;
	far = (uint64_t)id - (uint64_t)k->slots[0].id;
	if (far < high)
		high = (size_t)far + 1;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (k->slots[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < k->count && k->slots[low].id == id ? &k->slots[low] :
	    NULL;
}

size_t
columns_lower(const struct columns *k, int64_t id)
{
	size_t	low = 0, high = k->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (k->slots[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct slot *
append_slot(struct columns *k)
{
	if (k->count == k->room) {
		k->room += k->room / 16 + 1024;
		k->slots = must_resize(k->slots,
		    k->room * sizeof(k->slots[0]));
		k->titles = must_resize(k->titles,
		    k->room * sizeof(k->titles[0]));
	}
	k->titles[k->count] = 0;
	return &k->slots[k->count++];
}

static uint32_t
column_code(struct columns *k, enum code_kind kind, sqlite3_stmt *st,
    int column)
{
	uint32_t	code;

	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return 0;
	code = codes_add(&k->codes[kind], sqlite3_column_int64(st, column));
	k->codes[kind].used[code] = 1;
	return code;
}

static int64_t
column_time(sqlite3_stmt *st, int column)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL ? INT64_MIN :
	    sqlite3_column_int64(st, column);
}

/* From a row of COLUMNS_ALL or COLUMNS_OF. */
static void
fill_slot(struct columns *k, struct slot *slot, sqlite3_stmt *st)
{
	int64_t	replies = sqlite3_column_int64(st, 9);

	*slot = (struct slot){
		.id = sqlite3_column_int64(st, 0),
		.status = column_code(k, CODE_STATUS, st, 1),
		.priority = column_code(k, CODE_PRIORITY, st, 2),
		.category = column_code(k, CODE_CATEGORY, st, 3),
		.author = column_code(k, CODE_USER, st, 4),
		.assigned = column_code(k, CODE_USER, st, 5),
		.added = column_time(st, 6),
		.updated = column_time(st, 7),
		.hours = sqlite3_column_int64(st, 8),
		.replies = replies < 0 ? 0 : replies >= GONE ? GONE - 1 :
		    (uint32_t)replies,
		.title = LABEL_NONE,
	};
}

/* --- keys and orders ----------------------------------------------------- */

static uint64_t
rank_of(const struct codes *codes, uint32_t code)
{
	return code == 0 ? 0 : codes->ranks[code];
}

static uint64_t
id_order(const struct codes *codes, uint32_t code)
{
	return code == 0 ? 0 : (uint64_t)codes->ids[code] ^ SIGN;
}

uint64_t
columns_key(const struct columns *k, enum sort sort, const struct slot *s)
{
	switch (sort) {
	case SORT_PRIORITY:
		return id_order(&k->codes[CODE_PRIORITY], s->priority);
	case SORT_TITLE:
		return s->title;
	case SORT_AUTHOR:
		return rank_of(&k->codes[CODE_USER], s->author);
	case SORT_ADDED:
		return (uint64_t)s->added ^ SIGN;
	case SORT_UPDATED:
		return (uint64_t)s->updated ^ SIGN;
	case SORT_REPLIES:
		return s->replies;
	case SORT_CATEGORY:
		return rank_of(&k->codes[CODE_CATEGORY], s->category);
	case SORT_STATUS:
		return id_order(&k->codes[CODE_STATUS], s->status);
	case SORT_ASSIGNED:
		return rank_of(&k->codes[CODE_USER], s->assigned);
	case SORT_HOURS:
		return (uint64_t)s->hours ^ SIGN;
	default:
		return (uint64_t)s->id ^ SIGN;
	}
}

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
forget_orders(struct columns *k)
{
	for (int sort = 0; sort < SORT_RELEVANCE; sort++)
		order_done(&k->orders[sort]);
}

/* Whether a slot is in the order of a sort: without a label it cannot be. */
static bool
is_ordered(const struct columns *k, enum sort sort, const struct slot *slot)
{
	return k->orders[sort].built &&
	    (sort != SORT_TITLE || slot->title != LABEL_NONE);
}

/* A slot is new: it has a place in every order there is. */
static void
order_new(struct columns *k, const struct slot *slot)
{
	uint32_t	at = (uint32_t)(slot - k->slots);

	for (int sort = 0; sort < SORT_RELEVANCE; sort++)
		if (is_ordered(k, sort, slot))
			order_insert(&k->orders[sort], k, sort, at);
}

static void
order_gone(struct columns *k, const struct slot *slot)
{
	uint32_t	at = (uint32_t)(slot - k->slots);

	for (int sort = 0; sort < SORT_RELEVANCE; sort++)
		if (is_ordered(k, sort, slot))
			order_remove(&k->orders[sort], k, sort, at);
}

/* Give a slot what it has now, and other places where that is something else. */
static void
order_changed(struct columns *k, struct slot *slot, const struct slot *now)
{
	uint32_t	at = (uint32_t)(slot - k->slots);
	bool		moves[SORT_RELEVANCE];

	for (int sort = 0; sort < SORT_RELEVANCE; sort++) {
		moves[sort] = is_ordered(k, sort, slot) &&
		    columns_key(k, sort, slot) != columns_key(k, sort, now);
		if (moves[sort])
			order_remove(&k->orders[sort], k, sort, at);
	}
	*slot = *now;
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

/* The first and the last change that are in the store; 0: there is none. */
static enum err
read_bounds(struct call *c, int64_t *ret_first, int64_t *ret_last)
{
	sqlite3_stmt	*st = op_statement(c, SQL_CHANGE_BOUNDS);
	enum err	 e, done;

	*ret_first = *ret_last = 0;
	if (op_step(c, st, &e) == SQLITE_ROW) {
		*ret_first = sqlite3_column_int64(st, 0);
		*ret_last = sqlite3_column_int64(st, 1);
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
load(struct call *c, struct columns *k, int64_t last)
{
	sqlite3_stmt	*st = op_statement(c, SQL_COLUMNS_ALL);
	enum err	 e, done;

	k->loaded = k->ranked = k->labelled = false;
	k->count = 0;
	k->generation++;
	forget_orders(k);
	while (op_step(c, st, &e) == SQLITE_ROW)
		fill_slot(k, append_slot(k), st);
	done = op_done(c, st);
	if (e != OK || done != OK)
		return e != OK ? e : done;
	if (k->count > 0)
		qsort(k->slots, k->count, sizeof(k->slots[0]), compare_slots);
	k->stream = c->lane->stream;
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
	if (k->retitled_count++ > 0)
		buf_put_byte(&k->retitled, ',');
	else
		k->retitled.len = 0;
	json_put_number(&k->retitled, id);
	k->labelled = k->retitled_count <= RETITLED_MOST + k->count / 50;
}

/* FNV-1a: whether a title is the one that was labelled. */
static uint64_t
hash_of(sqlite3_stmt *st, int column)
{
	const char	*p = (const char *)sqlite3_column_text(st, column);
	uint64_t	 hash = UINT64_C(14695981039346656037);

	for (int i = sqlite3_column_bytes(st, column); i > 0; i--)
		hash = (hash ^ (unsigned char)*p++) *
		    UINT64_C(1099511628211);
	return hash;
}

static void
put_row(struct columns *k, struct slot *slot, sqlite3_stmt *st)
{
	struct slot	now;

	fill_slot(k, &now, st);
	if (slot == NULL) {
		slot = append_slot(k);
		*slot = now;
		order_new(k, slot);
		note_title(k, now.id);
	} else {
		now.title = slot->title;
		order_changed(k, slot, &now);
		if (k->titles[slot - k->slots] != hash_of(st, 10))
			note_title(k, now.id);
	}
	k->journal[k->journaled++ % JOURNAL_SIZE] =
	    (uint32_t)(slot - k->slots);
}

/* A row is gone from the store, new, or another; ids only ever go up. */
static enum err
apply_row(struct call *c, struct columns *k, int64_t id, sqlite3_stmt *st)
{
	struct slot	*slot = columns_find(k, id);
	enum err	 e;

	if (op_step(c, st, &e) != SQLITE_ROW) {
		if (e == OK && slot != NULL) {
			order_gone(k, slot);
			slot->replies = GONE;
			k->gaps = true;
		}
		return e;
	}
	if (slot == NULL && k->count > 0 && k->slots[k->count - 1].id > id)
		k->loaded = false;	/* it is not where new ones are */
	else
		put_row(k, slot, st);
	return OK;
}

static enum err
apply_change(struct call *c, struct columns *k, int64_t id)
{
	sqlite3_stmt	*st;
	enum err	 e, done;

	if (id == 0) {
		k->ranked = false;
		return OK;
	}
	args_put_number(&c->request.args, KEY_ID, id);
	st = op_statement(c, SQL_COLUMNS_OF);
	e = apply_row(c, k, id, st);
	done = op_done(c, st);
	return e != OK ? e : done;
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

/* What fails half way is done again: nothing of it counts twice. */
static enum err
apply_changes(struct call *c, struct columns *k, int64_t last)
{
	struct args	*args = &c->request.args;
	union value	 id = args->value[KEY_ID];
	keyset		 present = args->present;
	sqlite3_stmt	*st;
	enum err	 e, done;

	args_put_number(args, KEY_SEQ, k->seq);
	st = op_statement(c, SQL_CHANGES_SINCE);
	while (op_step(c, st, &e) == SQLITE_ROW && k->loaded) {
		e = apply_change(c, k, sqlite3_column_int64(st, 0));
		if (e != OK)
			break;
	}
	done = op_done(c, st);
	args->present = present;
	args->value[KEY_ID] = id;
	if (k->gaps)
		close_gaps(k);
	k->gaps = false;
	if (e == OK && done == OK)
		k->seq = last;
	return e != OK ? e : done;
}

/* --- ranks of names ------------------------------------------------------ */

static struct text
column_text(sqlite3_stmt *st, int column)
{
	const char	*base = (const char *)sqlite3_column_text(st, column);

	return (struct text){ base, (size_t)sqlite3_column_bytes(st, column) };
}

/* Whether a text is the one before; it is kept for the next. */
static bool
is_again(struct buf *kept, struct text t)
{
	bool	same = kept->len == t.len &&
		    (t.len == 0 || memcmp(kept->base, t.base, t.len) == 0);

	kept->len = 0;
	buf_put(kept, t.base, t.len);
	return same;
}

/* Of a statement with an id and one or two names, in the names' order. */
static enum err
rank(struct call *c, struct codes *codes, int sql)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	struct buf	 kept[2] = { { 0 }, { 0 } };
	uint32_t	 now = 0, code;
	enum err	 e, done;
	bool		 again, other;

	if (codes->count > 0)
		memset(codes->ranks, 0,
		    codes->count * sizeof(codes->ranks[0]));
	while (op_step(c, st, &e) == SQLITE_ROW) {
		again = is_again(&kept[0], column_text(st, 1));
		other = is_again(&kept[1], column_text(st, 2));
		if (!again || !other)
			now += 2;
		code = codes_add(codes, sqlite3_column_int64(st, 0));
		codes->ranks[code] = now;
	}
	buf_done(&kept[0]);
	buf_done(&kept[1]);
	done = op_done(c, st);
	return e != OK ? e : done;
}

/*
 * Whether the codes that tickets have are in the same order as before. Ranks
 * are even and at most twice the number of codes.
 */
static bool
is_same_order(const struct codes *codes, const uint32_t *before)
{
	uint32_t	*now = must_alloc(((size_t)codes->count + 2) *
			    sizeof(now[0]));
	uint32_t	 least = 0;
	bool		 same = true;

	/* the new rank of each old one, and one more: 0 is none */
	now[0] = 1;
	for (uint32_t code = 1; code < codes->count && same; code++) {
		uint32_t	*rank = &now[before[code] / 2];

		if (!codes->used[code])
			continue;
		same = *rank == 0 || *rank == codes->ranks[code] + 1;
		*rank = codes->ranks[code] + 1;
	}
	for (uint32_t i = 0; i <= codes->count && same; i++) {
		if (now[i] == 0)
			continue;
		same = now[i] > least;
		least = now[i];
	}
	free(now);
	return same;
}

/* Rank; orders stay where the names that tickets have are in their order. */
static enum err
rank_kind(struct call *c, struct columns *k, enum code_kind kind, int sql)
{
	struct codes	*codes = &k->codes[kind];
	uint32_t	*before = must_alloc(((size_t)codes->room + 1) *
			    sizeof(before[0]));
	uint32_t	 count = codes->count;
	enum err	 e;
	bool		 same;

	if (count > 0)
		memcpy(before, codes->ranks, count * sizeof(before[0]));
	e = rank(c, codes, sql);
	/* codes that are new have no tickets */
	before = must_resize(before, ((size_t)codes->room + 1) *
	    sizeof(before[0]));
	memset(before + count, 0, (codes->room + 1 - (size_t)count) *
	    sizeof(before[0]));
	same = e == OK && is_same_order(codes, before);
	free(before);
	if (!same && kind == CODE_CATEGORY)
		order_done(&k->orders[SORT_CATEGORY]);
	else if (!same) {
		order_done(&k->orders[SORT_AUTHOR]);
		order_done(&k->orders[SORT_ASSIGNED]);
	}
	return e;
}

enum err
columns_rank(struct call *c, struct columns *k)
{
	enum err	e;

	if (k->ranked)
		return OK;
	e = rank_kind(c, k, CODE_USER, SQL_USERS_BY_NAME);
	if (e == OK)
		e = rank_kind(c, k, CODE_CATEGORY, SQL_CATEGORIES_BY_NAME);
	k->ranked = e == OK;
	return e;
}

/* --- labels of titles ---------------------------------------------------- */

static enum err
label_all(struct call *c, struct columns *k)
{
	sqlite3_stmt	*st = op_statement(c, SQL_TITLES);
	uint64_t	 gap = LABEL_NONE / (k->count + 2), label = 0;
	struct buf	 kept = { 0 };
	struct slot	*slot;
	enum err	 e, done;

	order_done(&k->orders[SORT_TITLE]);
	while (op_step(c, st, &e) == SQLITE_ROW) {
		if (!is_again(&kept, column_text(st, 1)))
			label += gap;
		slot = columns_find(k, sqlite3_column_int64(st, 0));
		if (slot != NULL) {
			slot->title = label;
			k->titles[slot - k->slots] = hash_of(st, 1);
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
	struct slot	*slot = columns_find(k, sqlite3_column_int64(st, 0));

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
		slot = columns_find(k, sqlite3_column_int64(st, 0));
		if (slot == NULL)
			continue;
		e = label_one(c, k, slot, column_text(st, 1));
		room = room && slot->title != LABEL_NONE;
		if (e != OK)
			break;
		k->titles[slot - k->slots] = hash_of(st, 1);
		if (is_ordered(k, SORT_TITLE, slot))
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
forget_labels(struct columns *k)
{
	const char	*p = k->retitled.base;
	struct slot	*slot;
	char		*end;

	for (size_t i = 0; i < k->retitled_count; i++, p = end + 1) {
		slot = columns_find(k, strtoll(p, &end, 10));
		if (slot == NULL)
			continue;
		if (is_ordered(k, SORT_TITLE, slot))
			order_remove(&k->orders[SORT_TITLE], k, SORT_TITLE,
			    (uint32_t)(slot - k->slots));
		slot->title = LABEL_NONE;
	}
}

enum err
columns_label(struct call *c, struct columns *k)
{
	struct args	*args = &c->request.args;
	struct args	 kept = *args;
	struct buf	 ids = { 0 };
	enum err	 e = OK;

	if (k->labelled && k->retitled_count > 0) {
		/* with a NUL behind it, for strtoll() */
		buf_put(&k->retitled, "]", 2);
		k->retitled.len--;
		forget_labels(k);
		buf_put_byte(&ids, '[');
		buf_put(&ids, k->retitled.base, k->retitled.len);
		args_put_text(args, KEY_IDS, (struct text){ ids.base,
		    ids.len });
		e = label_changed(c, k);
		buf_done(&ids);
		*args = kept;
	}
	if (e == OK && !k->labelled)
		e = label_all(c, k);
	return e;
}

/* --- the loader ---------------------------------------------------------- */

/*
 * At a million tickets to load takes a second, for which nobody else should
 * wait. It happens on a thread with a connection and tables of its own, once,
 * and is then taken over as a whole; what changed meanwhile is in `changes`.
 */
static struct loader {
	const struct service *service;
	pthread_t	 thread;
	bool		 begun;
	bool		 over;		/* taken over, or of no use */
	atomic_bool	 done;
	enum err	 error;
	struct buf	 path;		/* of the database */
	struct columns	 columns;
} loader;

static enum err
fill_columns(struct call *c, struct columns *k)
{
	int64_t		first, last;
	enum err	e = read_bounds(c, &first, &last);

	if (e == OK)
		e = load(c, k, last);
	if (e == OK)
		e = columns_rank(c, k);
	if (e == OK)
		e = label_all(c, k);
	for (int sort = SORT_ID + 1; sort < SORT_RELEVANCE && e == OK; sort++)
		columns_order(k, (enum sort)sort);
	return e;
}

static void *
loader_run(void *arg)
{
	struct loader		*l = arg;
	struct op_tables	 tables = { 0 };
	struct lane		 lane;
	struct call		 c = { .lane = &lane };
	sqlite3			*db = store_open(l->path.base, true);

	op_tables_init(&tables, l->service, db);
	sqlite3_close(db);
	lane_open(&lane, &tables, l->path.base, true);
	l->error = ERR_STORE;
	if (lane_exec(&lane, SQL_BEGIN)) {
		l->error = fill_columns(&c, &l->columns);
		lane_exec(&lane, SQL_COMMIT);
	}
	lane_close(&lane);
	op_tables_done(&tables);
	atomic_store(&l->done, true);
	return NULL;
}

static void
loader_end(void)
{
	if (!loader.over)
		pthread_join(loader.thread, NULL);
	loader.over = true;
	buf_done(&loader.path);
}

void
columns_start(const struct service *service, const char *path)
{
	loader.service = service;
	buf_printf(&loader.path, "%s", path);
	loader.begun = true;
	if (pthread_create(&loader.thread, NULL, loader_run, &loader) != 0) {
		loader.over = true;	/* then who needs them loads them */
		return;
	}
	/* it uses what is gone when the process ends */
	atexit(loader_end);
}

void
columns_stop(void)
{
	if (loader.begun)
		loader_end();
}

bool
columns_are_loading(void)
{
	return !columns.loaded && loader.begun && !loader.over &&
	    !atomic_load(&loader.done);
}

static enum err
take_loaded(struct call *c, struct columns *k)
{
	if (columns_are_loading())
		return op_not_loaded(c);
	loader_end();
	if (loader.error == OK && loader.columns.stream == c->lane->stream) {
		loader.columns.generation = k->generation + 1;
		*k = loader.columns;
	}
	return OK;
}

/* --- up to date ---------------------------------------------------------- */

/* The transaction sees less than what was loaded: have one that sees more. */
static enum err
read_anew(struct call *c, int64_t *ret_first, int64_t *ret_last)
{
	if (!sqlite3_get_autocommit(c->lane->db) &&
	    (!lane_exec(c->lane, SQL_COMMIT) ||
	    !lane_exec(c->lane, SQL_BEGIN)))
		return ERR_STORE;
	return read_bounds(c, ret_first, ret_last);
}

struct columns *
columns_now(struct call *c, enum err *ret)
{
	struct columns	*k = &columns;
	int64_t		 first, last;

	*ret = read_bounds(c, &first, &last);
	if (k->stream != c->lane->stream)
		k->loaded = false;
	if (*ret == OK && !k->loaded && loader.begun && !loader.over) {
		*ret = take_loaded(c, k);
		if (*ret == OK && k->loaded && k->seq > last)
			*ret = read_anew(c, &first, &last);
	}
	if (*ret == OK && k->loaded && last != k->seq) {
		/* what was pruned, or is too much, is read as a whole */
		if (first > k->seq + 1 || last < k->seq ||
		    last - k->seq > (int64_t)k->count / 4 + 1000)
			k->loaded = false;
		else
			*ret = apply_changes(c, k, last);
	}
	if (*ret == OK && !k->loaded)
		*ret = load(c, k, last);
	return *ret == OK ? k : NULL;
}

/* --- PING ---------------------------------------------------------------- */

enum err
columns_ping(struct call *c)
{
	enum err	 e = OK;
	struct columns	*k = NULL;

	if (!columns.loaded && !loader.begun)
		columns_start(c->lane->tables->service,
		    sqlite3_db_filename(c->lane->db, "main"));
	if (!columns_are_loading())
		k = columns_now(c, &e);
	if (k != NULL && columns_rank(c, k) == OK)
		columns_label(c, k);
	return op_ping(c);
}
