/*
 * Lists. A list's rows are counted and its part is picked in memory, by keys
 * of 64 bits; only what is shown is read from the store.
 */
#include "services/ticket/list/list.h"

#include <stddef.h>
#include <stdlib.h>

#include "services/ticket/list/cursor.h"
#include "services/ticket/list/filter.h"
#include "services/ticket/index/labels.h"
#include "services/ticket/index/ranks.h"
#include "services/ticket/search/search.h"
#include "services/ticket/ticket.h"
#include "services/ticket/ticket_index.h"

#define SIGN	(UINT64_C(1) << 63)	/* makes order of signed numbers */
#define DESCENDING	0x80		/* in a cursor's sort */

/*
 * Flicket's names of them. What goes by names has a statement that gives
 * those of a ticket, and one that finds who is first at or behind a name.
 */
static const struct sort_info {
	const char	*name;
	enum sort	 sort;
	int		 names;
	int		 place;
} sorts[] = {
	{ "priority", SORT_PRIORITY },
	{ "title", SORT_TITLE, SQL_TITLE_OF_TICKET, SQL_TITLE_FROM },
	{ "ticketid", SORT_ID },
	{ "addedby", SORT_AUTHOR, SQL_AUTHOR_OF_TICKET, SQL_USER_FROM },
	{ "addedon", SORT_ADDED },
	{ "last_updated", SORT_UPDATED },
	{ "replies", SORT_REPLIES },
	{ "department_category", SORT_CATEGORY, SQL_CATEGORY_OF_TICKET,
	    SQL_CATEGORY_FROM },
	{ "status", SORT_STATUS },
	{ "assigned", SORT_ASSIGNED, SQL_ASSIGNEE_OF_TICKET, SQL_USER_FROM },
	{ "time", SORT_HOURS },
	{ "relevance", SORT_RELEVANCE },
};
#define SORTS	(sizeof(sorts) / sizeof(sorts[0]))
#define NAMES	"priority, title, ticketid, addedby, addedon, last_updated, " \
		"replies, department_category, status, assigned, time"

/* A ticket that passed the filters; those with small keys come first. */
struct match {
	uint64_t	key;
	size_t		slot;
};

struct list {
	struct ticket_index	*index;
	struct columns		*columns;
	const struct sort_info	*sort;
	bool			 descending;
	struct filter		 filter;
	const struct found	*found;		/* NULL: no search */
	bool			 walks;		/* there is a cursor ... */
	bool			 begun;		/* ... and it is of a row */
	uint64_t		 after_key;	/* of that row */
	int64_t			 after_id;
	struct match		*matches;
	size_t			 count;

	/* a list that is walked through in its order */
	const struct order	*order;		/* NULL: that of the slots */
	const uint64_t		*bits;		/* of those that pass, or NULL */
	uint32_t		*taken;
	size_t			 taken_count;
	size_t			 taken_most;
};

/* --- sorts --------------------------------------------------------------- */

static uint64_t
rank_of(const struct codes *codes, uint32_t code)
{
	return code == 0 ? 0 : codes->ranks[code];
}

/* What is small comes first in an ascending list. */
static uint64_t
key_of(const struct list *l, size_t at)
{
	const struct columns	*k = l->columns;

	if (l->sort->sort == SORT_RELEVANCE)
		return UINT32_MAX -
		    l->found->scores[found_place(l->found, k, at)];
	return slot_key(k, l->sort->sort, &k->slots[at]);
}

/* The same with the direction in it. */
static uint64_t
order_of(const struct list *l, size_t at)
{
	return l->descending ? ~key_of(l, at) : key_of(l, at);
}

static bool
is_sort(struct text t, const struct sort_info *info, bool *descending)
{
	size_t	len = strlen(info->name);

	if (t.len < len || memcmp(t.base, info->name, len) != 0)
		return false;
	*descending = t.len == len + 5 &&
	    memcmp(t.base + len, "_desc", 5) == 0;
	return t.len == len || *descending;
}

static enum err
read_sort(struct call *c, struct list *l)
{
	struct text	name = args_text(&c->request.args, KEY_SORT);
	bool		has = args_has(&c->request.args, KEY_SORT);

	for (size_t i = 0; i < SORTS && l->sort == NULL; i++)
		if (is_sort(has ? name : TEXT_OF("ticketid"), &sorts[i],
		    &l->descending))
			l->sort = &sorts[i];
	if (l->sort == NULL)
		return op_refusef(c, ERR_BAD_REQUEST, "sort: there is no "
		    "\"%.*s\". There are %s, and relevance with content; "
		    "_desc turns one around.", name.len > 40 ? 40 :
		    (int)name.len, name.base, NAMES);
	if (l->sort->sort != SORT_RELEVANCE)
		return OK;
	if (l->descending || !args_has(&c->request.args, KEY_CONTENT))
		return op_refuse(c, ERR_BAD_REQUEST, "sort: relevance needs "
		    "content, and has the best first; there is no _desc.");
	return OK;
}

/* Bring up to date what the sort goes by. */
static enum err
prepare_sort(struct call *c, struct list *l)
{
	if (l->sort->sort == SORT_TITLE)
		return labels_update(c, l->columns);
	return OK;
}

/* --- cursors ------------------------------------------------------------- */

static uint8_t
sort_number(const struct list *l)
{
	return (uint8_t)(l->sort->sort | (l->descending ? DESCENDING : 0));
}

/* The names that a ticket is sorted by; they live in *ret. */
static enum err
read_names(struct call *c, const struct list *l, int64_t id, struct buf ret[2])
{
	sqlite3_stmt	*st;
	struct text	 t;
	enum err	 e, done;

	args_put_number(&c->request.args, KEY_ID, id);
	st = op_statement(c, l->sort->names);
	if (op_step(c, st, &e) == SQLITE_ROW)
		for (int i = 0; i < 2; i++) {
			t = column_text(st, i);
			buf_put(&ret[i], t.base, t.len > CURSOR_TEXT_MOST ?
			    CURSOR_TEXT_MOST : t.len);
		}
	done = op_done(c, st);
	return e != OK ? e : done;
}

/* Whether a ticket is still sorted by what the cursor says. */
static enum err
is_unmoved(struct call *c, const struct list *l, const struct cursor *cursor,
    bool *ret)
{
	struct buf	names[2] = { { 0 }, { 0 } };
	enum err	e = read_names(c, l, cursor->id, names);

	*ret = true;
	for (int i = 0; i < 2; i++) {
		*ret = *ret && names[i].len == cursor->texts[i].len &&
		    (names[i].len == 0 || memcmp(names[i].base,
		    cursor->texts[i].base, names[i].len) == 0);
		buf_done(&names[i]);
	}
	return e;
}

/* The key of the ticket, user or category that a place statement found. */
static uint64_t
key_at_place(const struct list *l, sqlite3_stmt *st)
{
	const struct columns	*k = l->columns;
	int64_t			 id = sqlite3_column_int64(st, 0);
	const struct codes	*codes;

	if (l->sort->sort == SORT_TITLE) {
		const struct slot	*slot = slot_find(k, id);

		return slot == NULL ? LABEL_EMPTY : slot->title;
	}
	codes = &k->codes[l->sort->sort == SORT_CATEGORY ? CODE_CATEGORY :
	    CODE_USER];
	return rank_of(codes, codes_find(codes, id));
}

/*
 * The ticket has gone from there: where its names would be now. Keys of
 * different names are at least two apart, or are those of neighbours that
 * nothing fits between.
 */
static enum err
find_place(struct call *c, struct list *l, const struct cursor *cursor)
{
	sqlite3_stmt	*st = op_statement(c, l->sort->place);
	enum err	 e, done;
	uint64_t	 key = UINT64_MAX;
	bool		 same = false;

	for (int i = 0; i < 2; i++)
		sqlite3_bind_text(st, i + 1, cursor->texts[i].base,
		    (int)cursor->texts[i].len, SQLITE_STATIC);
	if (op_step(c, st, &e) == SQLITE_ROW) {
		key = key_at_place(l, st);
		same = sqlite3_column_int(st, 1) != 0;
	}
	l->after_id = same ? cursor->id : INT64_MAX;
	if (l->descending)
		l->after_key = ~key;
	else
		l->after_key = same || key == UINT64_MAX ? key : key - 1;
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
place_cursor(struct call *c, struct list *l, const struct cursor *cursor)
{
	const struct slot	*slot = slot_find(l->columns, cursor->id);
	bool			 unmoved = true, named = false;
	enum err		 e = OK;

	for (int i = 0; i < 2; i++)
		named = named || cursor->texts[i].len > 0;
	l->after_id = cursor->id;
	l->after_key = l->descending ? ~cursor->number : cursor->number;
	/* no name at all is 0 everywhere */
	if (l->sort->names == SQL_NONE || !named)
		return OK;
	if (slot != NULL)
		e = is_unmoved(c, l, cursor, &unmoved);
	if (e != OK || slot == NULL || !unmoved)
		return e != OK ? e : find_place(c, l, cursor);
	l->after_key = order_of(l, (size_t)(slot - l->columns->slots));
	return OK;
}

/* An empty cursor is the start of a walk. */
static enum err
read_cursor(struct call *c, struct list *l)
{
	struct text	text = args_text(&c->request.args, KEY_CURSOR);
	struct buf	bytes = { 0 };
	struct cursor	cursor;
	enum err	e;

	l->walks = args_has(&c->request.args, KEY_CURSOR);
	if (text.len == 0)
		return OK;
	if (!cursor_read(text, &bytes, &cursor))
		e = op_refuse(c, ERR_BAD_REQUEST, "cursor: this is not a "
		    "cursor of a list. Begin with an empty one, then take "
		    "those of the answers.");
	else if (cursor.sort != sort_number(l))
		e = op_refuse(c, ERR_BAD_REQUEST, "cursor: it is of a list "
		    "with another sort.");
	else
		e = place_cursor(c, l, &cursor);
	l->begun = true;
	buf_done(&bytes);
	return e;
}

enum err
part_put_cursor(struct call *c, const struct part *part)
{
	struct list	 l = { .sort = NULL };
	struct buf	 names[2] = { { 0 }, { 0 } };
	struct cursor	 cursor = { 0 };
	enum err	 e;
	size_t		 at = c->text.len;

	if (!part->more || part->count == 0)
		return OK;
	e = read_sort(c, &l);
	cursor.sort = sort_number(&l);
	cursor.id = part->ids[part->count - 1];
	cursor.number = part->last_key;
	if (e == OK && l.sort->names != SQL_NONE)
		e = read_names(c, &l, cursor.id, names);
	for (int i = 0; i < 2; i++)
		cursor.texts[i] = (struct text){ names[i].base, names[i].len };
	cursor_put(&c->text, &cursor);
	args_put_text(&c->answer.extra, KEY_CURSOR,
	    (struct text){ c->text.base + at, c->text.len - at });
	buf_done(&names[0]);
	buf_done(&names[1]);
	return e;
}

/* --- picking ------------------------------------------------------------- */

static bool
comes_before(const struct match *a, const struct match *b)
{
	return a->key != b->key ? a->key < b->key : a->slot < b->slot;
}

static int
compare_matches(const void *a, const void *b)
{
	return comes_before(a, b) ? -1 : comes_before(b, a);
}

static void
swap(struct match *a, struct match *b)
{
	struct match	kept = *a;

	*a = *b;
	*b = kept;
}

/* The middle one of three, so that what is in order already is no trouble. */
static struct match
choose_pivot(const struct match *m, ptrdiff_t low, ptrdiff_t high)
{
	struct match	three[] = { m[low], m[low + (high - low) / 2],
			    m[high] };

	if (comes_before(&three[1], &three[0]))
		swap(&three[0], &three[1]);
	if (comes_before(&three[2], &three[0]))
		return three[0];
	return comes_before(&three[2], &three[1]) ? three[2] : three[1];
}

/* Arrange for all before `at` to come before all from `at` on (quickselect). */
static void
split_at(struct match *m, size_t count, size_t where)
{
	ptrdiff_t	low = 0, high = (ptrdiff_t)count - 1, i, j;
	ptrdiff_t	at = (ptrdiff_t)where;
	struct match	pivot;

	while (low < high) {
		pivot = choose_pivot(m, low, high);
		for (i = low, j = high; i <= j; ) {
			while (comes_before(&m[i], &pivot))
				i++;
			while (comes_before(&pivot, &m[j]))
				j--;
			if (i <= j)
				swap(&m[i++], &m[j--]);
		}
		if (at <= j)
			high = j;
		else if (at >= i)
			low = i;
		else
			return;		/* between: it is the pivot */
	}
}

/* Put those from `from` on, so many, in order where they belong. */
static void
sort_part(struct match *m, size_t count, size_t from, size_t many)
{
	if (from > 0 && from < count)
		split_at(m, count, from);
	if (from + many < count)
		split_at(m + from, count - from, many);
	if (many > 1)
		qsort(m + from, many, sizeof(m[0]), compare_matches);
}

static bool
is_behind(const struct list *l, uint64_t key, int64_t id)
{
	return !l->begun || key > l->after_key ||
	    (key == l->after_key && id > l->after_id);
}

/* A slot that passes counts; it is listed if it is behind the cursor. */
static void
list_slot(struct list *l, size_t slot, int64_t *total)
{
	uint64_t	key = order_of(l, slot);

	++*total;
	if (is_behind(l, key, l->columns->slots[slot].id))
		l->matches[l->count++] = (struct match){ key, slot };
}

static bool
is_found(const struct list *l, size_t slot)
{
	return l->found == NULL ||
	    l->found->hits[found_place(l->found, l->columns, slot)] != 0;
}

/* Of all. */
static int64_t
collect(struct list *l)
{
	const struct columns	*k = l->columns;
	int64_t			 total = 0;

	l->matches = must_alloc((k->count + 1) * sizeof(l->matches[0]));
	for (size_t i = 0; i < k->count; i++)
		if (is_found(l, i) && (!l->filter.any ||
		    filter_passes(&l->filter, k, i)))
			list_slot(l, i, &total);
	return total;
}

/* Of the few that pass one of the filters. */
static int64_t
collect_few(struct list *l, const uint32_t *few, size_t count)
{
	int64_t	total = 0;

	l->matches = must_alloc((count + 1) * sizeof(l->matches[0]));
	for (size_t i = 0; i < count; i++)
		if (is_found(l, few[i]))
			list_slot(l, few[i], &total);
	return total;
}

/* Of those that have a bit. */
static int64_t
collect_bits(struct list *l, const uint64_t *bits, size_t count)
{
	size_t		words = l->columns->count / 64 + 1;
	int64_t		total = 0;

	l->matches = must_alloc((count + 1) * sizeof(l->matches[0]));
	for (size_t i = 0; i < words; i++)
		for (uint64_t left = bits[i]; left != 0; left &= left - 1)
			list_slot(l, i * 64 +
			    (size_t)__builtin_ctzll(left), &total);
	return total;
}

/* Of what a search found; false if that is too much to be looked at so. */
static bool
collect_found(struct list *l, int64_t *ret_total)
{
	const struct columns	*k = l->columns;
	const struct found	*found = l->found;
	const uint8_t		*at = found->hits, *end = at + found->count;
	const struct slot	*slot;
	size_t			 place, looked = 0;

	*ret_total = 0;
	l->matches = must_alloc((FEW_MOST + 1) * sizeof(l->matches[0]));
	while (at < end &&
	    (at = memchr(at, 1, (size_t)(end - at))) != NULL) {
		place = (size_t)(at++ - found->hits);
		if (looked++ == FEW_MOST) {
			free(l->matches);
			l->count = 0;
			return false;
		}
		slot = slot_find(k, found->ids != NULL ? found->ids[place] :
		    found->first + (int64_t)place);
		if (slot == NULL)
			continue;
		place = (size_t)(slot - k->slots);
		if (!l->filter.any || filter_passes(&l->filter, k, place))
			list_slot(l, place, ret_total);
	}
	return true;
}

static void
put_ids(const struct list *l, size_t from, size_t many, struct part *ret)
{
	ret->ids = must_alloc((many + 1) * sizeof(ret->ids[0]));
	for (size_t i = 0; i < many; i++)
		ret->ids[i] = l->columns->slots[l->matches[from + i].slot].id;
	ret->count = many;
	ret->more = from + many < l->count;
	if (many > 0)
		ret->last_key = key_of(l, l->matches[from + many - 1].slot);
}

/* So many from an offset on, of those that were collected. */
static void
pick_matches(struct list *l, size_t offset, size_t limit, struct part *ret)
{
	size_t	from = offset < l->count ? offset : l->count;
	size_t	many = limit < l->count - from ? limit : l->count - from;

	sort_part(l->matches, l->count, from, many);
	put_ids(l, from, many, ret);
	free(l->matches);
}

/* The whole list as it is: a slot's place is its row's. */
static void
pick_plain(const struct list *l, size_t offset, size_t limit,
    struct part *ret)
{
	const struct columns	*k = l->columns;
	size_t			 from, many;

	from = offset < k->count ? offset : k->count;
	many = limit < k->count - from ? limit : k->count - from;
	ret->ids = must_alloc((many + 1) * sizeof(ret->ids[0]));
	for (size_t i = 0; i < many; i++)
		ret->ids[i] = k->slots[from + i].id;
	ret->neighbours = true;
	ret->count = many;
	ret->total = (int64_t)k->count;
	ret->more = from + many < k->count;
}

/* --- walking through an order -------------------------------------------- */

/* A way through the order of a list; next() and previous() go past its ends. */
struct way {
	const struct list	*list;
	struct order_place	 place;
	size_t			 index;
};

static struct way
way_from(const struct list *l, size_t index)
{
	struct way	w = { .list = l, .index = index };

	if (l->order != NULL)
		w.place = order_place(l->order, index);
	return w;
}

static inline size_t
way_slot(const struct way *w)
{
	return w->list->order == NULL ? w->index :
	    order_slot(w->list->order, w->place);
}

static inline void
way_next(struct way *w)
{
	w->index++;
	if (w->list->order != NULL)
		order_next(w->list->order, &w->place);
}

static inline void
way_previous(struct way *w)
{
	w->index--;
	if (w->list->order != NULL)
		order_previous(w->list->order, &w->place);
}

static inline bool
has_bit(const struct list *l, size_t slot)
{
	return l->bits == NULL || (l->bits[slot / 64] >> slot % 64 & 1) != 0;
}

/* How many come before a key and, where the key is equal, before a slot. */
static size_t
lower(const struct list *l, uint64_t key, size_t slot)
{
	const struct columns	*k = l->columns;
	size_t			 at;

	if (l->order != NULL)
		return order_lower(l->order, k, l->sort->sort, key,
		    slot > UINT32_MAX ? UINT32_MAX : (uint32_t)slot);
	at = slot_lower(k, (int64_t)(key ^ SIGN));
	return at + (at < k->count && at < slot &&
	    k->slots[at].id == (int64_t)(key ^ SIGN));
}

/* The index of what passes and has so many before it, from one on; or `to`. */
static size_t
skip(const struct list *l, size_t from, size_t to, size_t many)
{
	struct way	w;

	if (l->bits == NULL)
		return many < to - from ? from + many : to;
	if (from == to)
		return to;
	for (w = way_from(l, from); w.index < to; way_next(&w))
		if (has_bit(l, way_slot(&w)) && many-- == 0)
			break;
	return w.index;
}

static void
take(struct list *l, size_t from, size_t to)
{
	struct way	w;

	if (from >= to)
		return;
	for (w = way_from(l, from); w.index < to &&
	    l->taken_count < l->taken_most; way_next(&w))
		if (has_bit(l, way_slot(&w)))
			l->taken[l->taken_count++] = (uint32_t)way_slot(&w);
}

/* The first slot of an id that is higher. */
static size_t
slot_behind(const struct columns *k, int64_t id)
{
	return id == INT64_MAX ? k->count : slot_lower(k, id + 1);
}

static void
walk_up(struct list *l, size_t offset)
{
	size_t	from = 0, end = l->columns->count;

	if (l->begun)
		from = lower(l, l->after_key, slot_behind(l->columns,
		    l->after_id));
	take(l, skip(l, from, end, offset), end);
}

/*
 * The end of a group of equals, which a list that goes down has in the order
 * of their ids as well.
 */
static void
find_group(const struct list *l, size_t index, size_t *ret_from,
    size_t *ret_to)
{
	struct way	w = way_from(l, index);
	uint64_t	key = slot_key(l->columns, l->sort->sort,
			    &l->columns->slots[way_slot(&w)]);

	*ret_from = lower(l, key, 0);
	*ret_to = lower(l, key, SIZE_MAX);
}

/* Those from an index to the group's end, then the groups before it. */
static void
take_down(struct list *l, size_t from, size_t to, size_t group)
{
	for (;;) {
		take(l, from, to);
		if (group == 0 || l->taken_count == l->taken_most)
			return;
		find_group(l, group - 1, &from, &to);
		group = from;
	}
}

/*
 * What is skipped is only counted, whatever the order among equals is; where
 * that ends, within a group, as many of it are skipped from its other end.
 */
static void
walk_down(struct list *l, size_t offset)
{
	size_t		index = l->columns->count, from, to, many = 0;
	struct way	w;

	if (l->begun) {
		/* after_key has the direction in it */
		from = lower(l, ~l->after_key, slot_behind(l->columns,
		    l->after_id));
		take_down(l, from, lower(l, ~l->after_key, SIZE_MAX),
		    lower(l, ~l->after_key, 0));
		return;
	}
	if (index == 0)
		return;
	if (l->bits == NULL) {
		if (offset >= index)
			return;
		index -= offset + 1;
	} else {
		for (w = way_from(l, index - 1); ; way_previous(&w)) {
			if (has_bit(l, way_slot(&w)) && offset-- == 0)
				break;
			if (w.index == 0)
				return;
		}
		index = w.index;
	}
	find_group(l, index, &from, &to);
	if (l->bits == NULL)
		many = to - index - 1;
	else if (index + 1 < to)
		for (w = way_from(l, index + 1); w.index < to; way_next(&w))
			many += has_bit(l, way_slot(&w));
	take_down(l, skip(l, from, to, many), to, from);
}

/* One more than is wanted tells whether there are more. */
static void
pick_walk(struct list *l, size_t offset, size_t limit, struct part *ret)
{
	size_t	most = (uint64_t)ret->total < limit ? (size_t)ret->total :
		    limit;

	l->order = columns_order(l->columns, l->sort->sort);
	l->taken_most = most + 1;
	l->taken = must_alloc((most + 2) * sizeof(l->taken[0]));
	if (l->descending)
		walk_down(l, offset);
	else
		walk_up(l, offset);
	ret->more = l->taken_count > limit;
	ret->count = ret->more ? limit : l->taken_count;
	ret->ids = must_alloc((ret->count + 1) * sizeof(ret->ids[0]));
	for (size_t i = 0; i < ret->count; i++)
		ret->ids[i] = l->columns->slots[l->taken[i]].id;
	if (ret->count > 0)
		ret->last_key = slot_key(l->columns, l->sort->sort,
		    &l->columns->slots[l->taken[ret->count - 1]]);
	free(l->taken);
}

/* --- which way ----------------------------------------------------------- */

/* Filters and no search: few are collected, many are walked through. */
static bool
pick_filtered(struct list *l, size_t offset, size_t limit, struct part *ret)
{
	uint32_t	*few;
	const uint64_t	*bits;
	size_t		 count;

	if (filter_few(l->columns, &l->filter, &few, &count)) {
		ret->total = collect_few(l, few, count);
		free(few);
		pick_matches(l, offset, limit, ret);
		return true;
	}
	if (l->filter.subscribed != NULL)
		return false;
	bits = bitmaps_find(&l->index->bitmaps, l->columns, &l->filter,
	    &count);
	ret->total = (int64_t)count;
	if (count <= FEW_MOST) {
		collect_bits(l, bits, count);
		pick_matches(l, offset, limit, ret);
	} else {
		l->bits = bits;
		pick_walk(l, offset, limit, ret);
	}
	return true;
}

static void
pick(struct list *l, size_t offset, size_t limit, struct part *ret)
{
	bool	plain = l->found == NULL && !l->filter.any && !l->walks;

	if (plain && l->sort->sort == SORT_ID && !l->descending)
		pick_plain(l, offset, limit, ret);
	else if (l->found == NULL && !l->filter.any) {
		ret->total = (int64_t)l->columns->count;
		pick_walk(l, offset, limit, ret);
	} else if (l->found != NULL || !pick_filtered(l, offset, limit,
	    ret)) {
		if (l->found == NULL || !collect_found(l, &ret->total))
			ret->total = collect(l);
		pick_matches(l, offset, limit, ret);
	}
}

/* What fails first is told; the order is that of the parameters' weight. */
static enum err
read_list(struct call *c, struct list *l)
{
	enum err	e;

	l->index = ticket_index_of(c);
	l->columns = &l->index->columns;
	e = ticket_index_refresh(c);
	if (e == OK)
		e = read_sort(c, l);
	if (e == OK)
		e = ranks_update(c, l->columns);
	if (e == OK)
		e = filter_read(c, l->columns, &l->filter);
	if (e == OK && args_has(&c->request.args, KEY_CONTENT))
		e = search_run(&l->index->searches, c, l->columns,
		    l->sort->sort == SORT_RELEVANCE, &l->found);
	if (e == OK)
		e = prepare_sort(c, l);
	if (e == OK)
		e = read_cursor(c, l);
	return e;
}

/* Whether a request is for the whole list as it is. */
static bool
is_plain(const struct call *c)
{
	const struct args	*args = &c->request.args;
	struct text		 sort = args_text(args, KEY_SORT);

	if (args_has_any(args, K(FILTER_KEYS, CONTENT, CURSOR)))
		return false;
	return !args_has(args, KEY_SORT) || (sort.len == 8 &&
	    memcmp(sort.base, "ticketid", 8) == 0);
}

/*
 * While the columns are being loaded: the store tells ids as well, where none
 * is missing between the first and the last.
 */
static enum err
pick_by_span(struct call *c, int64_t offset, int64_t limit, struct part *ret,
    bool *ret_picked)
{
	sqlite3_stmt	*st = op_statement(c, SQL_TICKET_SPAN);
	int64_t		 count = 0, first = 0, last = 0, many = 0;
	enum err	 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW) {
		count = sqlite3_column_int64(st, 0);
		first = sqlite3_column_int64(st, 1);
		last = sqlite3_column_int64(st, 2);
	}
	done = op_done(c, st);
	*ret_picked = e == OK && count > 0 && last - first == count - 1;
	if (!*ret_picked)
		return e != OK ? e : done;
	if (offset < count)
		many = limit < count - offset ? limit : count - offset;
	ret->ids = must_alloc(((size_t)many + 1) * sizeof(ret->ids[0]));
	for (int64_t i = 0; i < many; i++)
		ret->ids[i] = first + offset + i;
	ret->neighbours = true;
	ret->count = (size_t)many;
	ret->total = count;
	ret->more = many < count - offset;
	return done;
}

enum err
part_pick(struct call *c, int64_t offset, int64_t limit, struct part *ret)
{
	struct list	l = { .sort = NULL };
	enum err	e = OK;
	bool		picked = false;

	*ret = (struct part){ 0 };
	search_take(&ticket_index_of(c)->searches, c);
	if (is_plain(c) && loader_is_loading(&ticket_index_of(c)->loader))
		e = pick_by_span(c, offset, limit, ret, &picked);
	if (e != OK || picked)
		return e;
	e = read_list(c, &l);
	ret->columns = l.columns;
	ret->found = l.found;
	if (e == OK)
		pick(&l, (size_t)offset, (size_t)limit, ret);
	filter_done(&l.filter);
	return e;
}

void
part_done(struct part *part)
{
	free(part->ids);
}

/* --- the list ------------------------------------------------------------ */

/* A snippet costs a look into the texts: only who names it gets it. */
static bool
is_shown(const struct call *c)
{
	struct text	fields = args_text(&c->request.args, KEY_FIELDS);

	return args_has(&c->request.args, KEY_CONTENT) && fields.len > 0 &&
	    memmem(fields.base, fields.len, "snippet", 7) != NULL;
}

/* End a part earlier. */
static enum err
cut_part(struct call *c, struct part *part, size_t count)
{
	struct list		 l = { .columns = part->columns,
				    .found = part->found };
	const struct slot	*slot;
	enum err		 e;

	if (count == part->count)
		return OK;
	e = read_sort(c, &l);
	slot = slot_find(part->columns, part->ids[count - 1]);
	if (e != OK || slot == NULL)
		return e != OK ? e : ERR_INTERNAL;
	part->last_key = key_of(&l, (size_t)(slot - l.columns->slots));
	part->count = count;
	part->more = true;
	return OK;
}

enum err
part_put(struct call *c, struct part *part, int sql, size_t most,
    enum err (*put)(struct call *, sqlite3_stmt *))
{
	bool		 shown = is_shown(c);
	sqlite3_stmt	*st;
	enum err	 e = OK, done;

	for (size_t i = 0; i < part->count && e == OK; i++) {
		if (shown)
			e = search_show(&ticket_index_of(c)->searches, c,
			    part->ids[i]);
		if (e != OK)
			break;
		args_put_number(&c->request.args, KEY_ID, part->ids[i]);
		st = op_statement(c, sql);
		if (op_step(c, st, &e) == SQLITE_ROW)
			e = put(c, st);
		done = op_done(c, st);
		if (e == OK)
			e = done;
		if (e == OK && c->fragment.len >= most)
			e = cut_part(c, part, i + 1);
	}
	return e;
}

static enum err
put_item(struct call *c, sqlite3_stmt *st)
{
	if (c->fragment.len > 1)
		buf_put_byte(&c->fragment, ',');
	return op_put_row(c, st);
}

/* Rows that are neighbours in the store are found once, not one by one. */
static enum err
put_neighbours(struct call *c, const struct part *part)
{
	sqlite3_stmt	*st;
	enum err	 e = OK, done;

	if (part->count == 0)
		return OK;
	args_put_number(&c->request.args, KEY_ID, part->ids[0]);
	args_put_number(&c->request.args, KEY_LIMIT, (int64_t)part->count);
	st = op_statement(c, SQL_TICKETS_OF_LIST);
	while (e == OK && op_step(c, st, &e) == SQLITE_ROW)
		e = put_item(c, st);
	done = op_done(c, st);
	return e != OK ? e : done;
}

/* Page 1 of nothing is an empty page, as with op_page(). */
enum err
ticket_list(struct call *c)
{
	struct args	*args = &c->request.args;
	bool		 walks = args_has(args, KEY_CURSOR);
	int64_t		 page = walks ? 1 : args_number(args, KEY_PAGE, 0);
	int64_t		 per_page = args_number(args, KEY_PER_PAGE, 0), offset;
	struct part	 part;
	enum err	 e;

	if (page < 1 || per_page < 1)
		return ERR_NOT_FOUND;
	if (__builtin_mul_overflow(page - 1, per_page, &offset))
		offset = INT64_MAX;
	e = part_pick(c, offset, per_page, &part);
	if (e == OK && page > 1 && part.count == 0)
		e = ERR_NOT_FOUND;
	c->answer.total = part.total;
	c->answer.tag = op_tag(c->lane, part.total, part.more);
	buf_put_byte(&c->fragment, '[');
	if (e == OK)
		e = part.neighbours ? put_neighbours(c, &part) :
		    part_put(c, &part, c->op->sql, SIZE_MAX, put_item);
	buf_put_byte(&c->fragment, ']');
	if (e == OK && walks)
		e = part_put_cursor(c, &part);
	part_done(&part);
	return e;
}
