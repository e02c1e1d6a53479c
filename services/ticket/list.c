/*
 * Lists. A list's rows are counted and its part is picked in memory, by keys
 * of 64 bits; only what is shown is read from the store.
 */
#include "list.h"

#include <stddef.h>
#include <stdlib.h>

#include "cursor.h"
#include "filter.h"
#include "search.h"
#include "ticket.h"

#define SIGN	(UINT64_C(1) << 63)	/* makes order of signed numbers */
#define DESCENDING	0x80		/* in a cursor's sort */

enum sort { SORT_ID, SORT_PRIORITY, SORT_TITLE, SORT_AUTHOR, SORT_ADDED,
    SORT_UPDATED, SORT_REPLIES, SORT_CATEGORY, SORT_STATUS, SORT_ASSIGNED,
    SORT_HOURS, SORT_RELEVANCE };

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
};

/* --- sorts --------------------------------------------------------------- */

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

/* What is small comes first in an ascending list. */
static uint64_t
key_of(const struct list *l, size_t at)
{
	const struct columns	*k = l->columns;
	const struct slot	*s = &k->slots[at];

	switch (l->sort->sort) {
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
	case SORT_RELEVANCE:
		return UINT32_MAX -
		    l->found->scores[found_place(l->found, k, at)];
	default:
		return (uint64_t)s->id ^ SIGN;
	}
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
		return columns_label(c, l->columns);
	return l->sort->names == SQL_NONE ? OK : columns_rank(c, l->columns);
}

/* --- cursors ------------------------------------------------------------- */

static uint8_t
sort_number(const struct list *l)
{
	return (uint8_t)(l->sort->sort | (l->descending ? DESCENDING : 0));
}

static struct text
column_text(sqlite3_stmt *st, int column)
{
	const char	*base = (const char *)sqlite3_column_text(st, column);

	return (struct text){ base, (size_t)sqlite3_column_bytes(st, column) };
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
		const struct slot	*slot = columns_find(k, id);

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
	const struct slot	*slot = columns_find(l->columns, cursor->id);
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
		e = op_refuse(c, ERR_BAD_REQUEST, "cursor: this is none. "
		    "Begin with an empty one, then take those of the "
		    "answers.");
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

/* All that pass, or those of them that are behind the cursor. */
static int64_t
collect(struct list *l)
{
	const struct columns	*k = l->columns;
	int64_t			 total = 0;
	uint64_t		 key;

	l->matches = must_alloc((k->count + 1) * sizeof(l->matches[0]));
	for (size_t i = 0; i < k->count; i++) {
		if (l->found != NULL &&
		    l->found->hits[found_place(l->found, k, i)] == 0)
			continue;
		if (l->filter.any && !filter_passes(&l->filter, k, i))
			continue;
		total++;
		key = order_of(l, i);
		if (is_behind(l, key, k->slots[i].id))
			l->matches[l->count++] = (struct match){ key, i };
	}
	return total;
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

/* The whole list as it is: a slot's place is its row's. */
static void
pick_plain(const struct list *l, size_t from, size_t many, struct part *ret)
{
	const struct columns	*k = l->columns;

	ret->ids = must_alloc((many + 1) * sizeof(ret->ids[0]));
	for (size_t i = 0; i < many; i++)
		ret->ids[i] = k->slots[from + i].id;
	ret->count = many;
	ret->total = (int64_t)k->count;
	ret->more = from + many < k->count;
}

static void
pick(struct list *l, int64_t offset, int64_t limit, struct part *ret)
{
	bool	plain = l->found == NULL && !l->filter.any && !l->walks &&
		    l->sort->sort == SORT_ID && !l->descending;
	size_t	count, from, many;

	if (plain)
		count = l->columns->count;
	else {
		ret->total = collect(l);
		count = l->count;
	}
	from = (uint64_t)offset < count ? (size_t)offset : count;
	many = (uint64_t)limit < count - from ? (size_t)limit : count - from;
	if (plain) {
		pick_plain(l, from, many, ret);
		return;
	}
	sort_part(l->matches, count, from, many);
	put_ids(l, from, many, ret);
	free(l->matches);
}

/* What fails first is told; the order is that of the parameters' weight. */
static enum err
read_list(struct call *c, struct list *l)
{
	enum err	e;

	l->columns = columns_now(c, &e);
	if (e == OK)
		e = read_sort(c, l);
	if (e == OK)
		e = filter_read(c, l->columns, &l->filter);
	if (e == OK && args_has(&c->request.args, KEY_CONTENT))
		e = search_run(c, l->columns, l->sort->sort ==
		    SORT_RELEVANCE, &l->found);
	if (e == OK)
		e = prepare_sort(c, l);
	if (e == OK)
		e = read_cursor(c, l);
	return e;
}

enum err
part_pick(struct call *c, int64_t offset, int64_t limit, struct part *ret)
{
	struct list	l = { .sort = NULL };
	enum err	e = read_list(c, &l);

	*ret = (struct part){ 0 };
	if (e == OK)
		pick(&l, offset, limit, ret);
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

enum err
part_put(struct call *c, const struct part *part, int sql,
    enum err (*put)(struct call *, sqlite3_stmt *))
{
	bool		 shown = is_shown(c);
	sqlite3_stmt	*st;
	enum err	 e = OK, done;

	for (size_t i = 0; i < part->count && e == OK; i++) {
		if (shown)
			e = search_show(c, part->ids[i]);
		if (e != OK)
			break;
		args_put_number(&c->request.args, KEY_ID, part->ids[i]);
		st = op_statement(c, sql);
		if (op_step(c, st, &e) == SQLITE_ROW)
			e = put(c, st);
		done = op_done(c, st);
		if (e == OK)
			e = done;
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

/* Page 1 of nothing is an empty page, as with op_page(). */
enum err
ticket_list(struct call *c)
{
	struct args	*args = &c->request.args;
	bool		 walks = args_has(args, KEY_CURSOR);
	int64_t		 page = walks ? 1 : args->value[KEY_PAGE].number;
	int64_t		 per_page = args->value[KEY_PER_PAGE].number, offset;
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
		e = part_put(c, &part, c->op->sql, put_item);
	buf_put_byte(&c->fragment, ']');
	if (e == OK && walks)
		e = part_put_cursor(c, &part);
	part_done(&part);
	return e;
}
