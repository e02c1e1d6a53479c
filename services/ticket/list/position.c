/* Positions in lists: from cursors, and as cursors. */
#include "services/ticket/list/position.h"

#include "services/ticket/list/cursor.h"
#include "services/ticket/ticket.h"

/* Append the names by which a ticket is sorted. */
static enum err
read_sort_names(struct call *c, const struct sorting *s, int64_t id,
    struct buf ret[2])
{
	struct stmt	st = op_stmt(c, s->names);
	struct text	t;

	stmt_bind_number(&st, KEY_ID, id);
	if (stmt_next(&st))
		for (int i = 0; i < 2; i++) {
			t = stmt_text(&st, i);
			buf_put(&ret[i], t.base, t.len > CURSOR_TEXT_MOST ?
			    CURSOR_TEXT_MOST : t.len);
		}
	return op_end(c, &st, OK);
}

/* Whether a ticket is still sorted by the names that the cursor has. */
static enum err
is_unmoved(struct call *c, const struct sorting *s,
    const struct cursor *cursor, bool *ret)
{
	struct buf	names[2] = { { 0 }, { 0 } };
	enum err	e = read_sort_names(c, s, cursor->id, names);

	*ret = true;
	for (int i = 0; i < 2; i++) {
		*ret = *ret && text_same(buf_text(&names[i]),
		    cursor->texts[i]);
		buf_done(&names[i]);
	}
	return e;
}

/* The key of the ticket, user or category that sorting.place found. */
static uint64_t
key_at_place(const struct columns *k, enum sort sort, int64_t id)
{
	const struct slot	*slot;
	const struct codes	*codes;

	if (sort == SORT_TITLE) {
		slot = slot_find(k, id);
		return slot == NULL ? LABEL_EMPTY : slot->title;
	}
	codes = &k->codes[sort == SORT_CATEGORY ? CODE_CATEGORY : CODE_USER];
	return codes_rank(codes, codes_find(codes, id));
}

/*
 * The ticket is not sorted by these names any more: find where they would be.
 * Keys of different names differ by at least two, unless they are labels
 * without room between them.
 */
static enum err
find_position(struct call *c, const struct columns *k, const struct sorting *s,
    const struct cursor *cursor, struct position *ret)
{
	struct stmt	st = op_stmt(c, s->place);
	uint64_t	key = UINT64_MAX;
	bool		same = false;

	for (int i = 0; i < 2; i++)
		if (s->place_keys[i] != KEY_NONE)
			stmt_bind_text(&st, s->place_keys[i],
			    cursor->texts[i]);
	if (stmt_next(&st)) {
		key = key_at_place(k, s->by, stmt_number(&st, 0));
		same = stmt_number(&st, 1) != 0;
	}
	ret->after_id = same ? cursor->id : INT64_MAX;
	if (s->descending)
		ret->after_key = ~key;
	else
		ret->after_key = same || key == UINT64_MAX ? key : key - 1;
	return op_end(c, &st, OK);
}

static bool
has_names(const struct cursor *cursor)
{
	return cursor->texts[0].len > 0 || cursor->texts[1].len > 0;
}

static enum err
place_cursor(struct call *c, const struct columns *k, const struct sorting *s,
    const struct cursor *cursor, struct position *ret)
{
	const struct slot	*slot = slot_find(k, cursor->id);
	bool			 unmoved = false;
	uint64_t		 key = cursor->number;
	enum err		 e = OK;

	ret->after_id = cursor->id;
	ret->after_key = s->descending ? ~key : key;
	/* without names the key is 0 in every process */
	if (s->names == SQL_NONE || !has_names(cursor))
		return OK;
	if (slot != NULL)
		e = is_unmoved(c, s, cursor, &unmoved);
	if (e == OK && !unmoved)
		e = find_position(c, k, s, cursor, ret);
	if (e != OK || !unmoved)
		return e;
	key = slot_key(k, s->by, slot);
	ret->after_key = s->descending ? ~key : key;
	return OK;
}

enum err
position_read(struct call *c, const struct columns *k,
    const struct sorting *s, struct position *ret)
{
	struct text	text = args_text(&c->request.args, KEY_CURSOR);
	struct buf	bytes = { 0 };
	struct cursor	cursor;
	enum err	e;

	ret->is_walk = args_has(&c->request.args, KEY_CURSOR);
	if (text.len == 0)
		return OK;
	if (!cursor_read(text, &bytes, &cursor))
		e = op_fault(c, FAULT_INVALID, KEY_CURSOR, op_refuse(c,
		    ERR_BAD_REQUEST, "cursor: this is not a "
		    "cursor of a list. Begin with an empty one, then take "
		    "those of the answers."));
	else if (cursor.sort != sorting_number(s))
		e = op_fault(c, FAULT_INVALID, KEY_CURSOR, op_refuse(c,
		    ERR_BAD_REQUEST, "cursor: it is of a list with another "
		    "sort."));
	else
		e = place_cursor(c, k, s, &cursor, ret);
	ret->begun = true;
	buf_done(&bytes);
	return e;
}

enum err
position_put(struct call *c, const struct sorting *s, int64_t id,
    uint64_t key)
{
	struct buf	names[2] = { { 0 }, { 0 } };
	struct cursor	cursor = { .sort = sorting_number(s), .id = id,
			    .number = key };
	enum err	e = OK;
	size_t		at = c->text.len;

	if (s->names != SQL_NONE)
		e = read_sort_names(c, s, id, names);
	for (int i = 0; i < 2; i++)
		cursor.texts[i] = buf_text(&names[i]);
	cursor_put(&c->text, &cursor);
	args_put_text(&c->answer.extra, KEY_CURSOR,
	    (struct text){ c->text.base + at, c->text.len - at });
	buf_done(&names[0]);
	buf_done(&names[1]);
	return e;
}
