/*
 * The order is that of the commits: the writer lane numbers deletions in its
 * transactions, so no deletion comes before one that a client has been told of.
 */
#include "services/ticket/deletions.h"

#include "base/json.h"
#include "base/number.h"
#include "services/ticket/list/date.h"
#include "services/ticket/ticket.h"

#define FORGET_MOST		1000	/* in one transaction */
#define DAY_US			(INT64_C(24) * 60 * 60 * 1000000)

/* A cursor is this, the store's stream, a hyphen and a number of a deletion. */
#define CURSOR_MARK		'd'

static int64_t	kept_us;

void
deletions_start(const struct settings *settings)
{
	kept_us = settings->deleted_days * DAY_US;
}

/* --- writes ----------------------------------------------------------------- */

/*
 * Forget the first ones, up to one that has to be kept: a clock that was set
 * back dates later ones before. OVER is a day ago (services/store/now.h).
 */
static enum err
forget_some(struct call *c)
{
	static const int	statements[] = { SQL_DELETIONS_OVER,
				    SQL_DELETIONS_FORGET };
	int64_t			over = args_number(&c->request.args,
				    KEY_OVER, INT64_MIN);
	enum err		e = OK;
	struct stmt		st;

	if (over == INT64_MIN)
		return OK;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) &&
	    e == OK; i++) {
		st = op_stmt(c, statements[i]);
		if (i == 0) {
			stmt_bind_number(&st, KEY_DATE,
			    over - (kept_us - DAY_US));
			stmt_bind_number(&st, KEY_LIMIT, FORGET_MOST);
		}
		e = op_run_out(c, &st, NULL);
	}
	return e;
}

enum err
deletions_note(struct call *c, int64_t ticket)
{
	struct stmt	st = op_stmt(c, SQL_DELETION_NOTE);
	enum err	e;

	stmt_bind_number(&st, KEY_TICKET_ID, ticket);
	e = op_run_out(c, &st, NULL);
	return e != OK ? e : forget_some(c);
}

/* --- where to begin --------------------------------------------------------- */

/* What a client knows: all up to a number, or all before a date. */
struct since {
	int64_t	seq;
	int64_t	date;		/* if is_date */
	bool	is_date;
	bool	is_all;		/* it knows nothing, and wants what there is */
	bool	is_other;	/* its cursor is of another store */
};

static bool
read_cursor(const struct call *c, struct text t, struct since *ret)
{
	const char	*hyphen = t.len == 0 ? NULL : memchr(t.base, '-', t.len);
	struct text	 stream, seq;
	int64_t		 n;

	if (hyphen == NULL || t.base[0] != CURSOR_MARK)
		return false;
	stream = (struct text){ t.base + 1, (size_t)(hyphen - t.base) - 1 };
	seq = (struct text){ hyphen + 1, t.len - stream.len - 2 };
	if (!number_read(stream, 0, INT64_MAX, &n) ||
	    !number_read(seq, 0, INT64_MAX, &ret->seq))
		return false;
	ret->is_other = n != c->session->stream;
	return true;
}

static enum err
read_since(struct call *c, struct since *ret)
{
	struct text	t = args_text(&c->request.args, KEY_SINCE);

	*ret = (struct since){ .is_all = t.len == 0 };
	if (ret->is_all || read_cursor(c, t, ret))
		return OK;
	ret->is_date = true;
	if (date_read(t, &ret->date))
		return OK;
	return op_fault(c, FAULT_INVALID, KEY_SINCE, op_refuse(c,
	    ERR_BAD_REQUEST, "since must be a date, such as 2024-05-31 or "
	    "2024-05-31T12:30:00Z, or the cursor of an earlier answer."));
}

/* The number before the first deletion at that date or later. */
static enum err
find_date(struct call *c, struct since *since)
{
	struct stmt	st = op_stmt(c, SQL_DELETIONS_SINCE);

	stmt_bind_number(&st, KEY_DATE, since->date);
	if (stmt_next(&st))
		since->seq = stmt_number(&st, 0);
	return op_end(c, &st, OK);
}

/*
 * Whether all since then are known; asked after they were read, as the writer
 * may forget some at any time.
 */
static enum err
check_kept(struct call *c, const struct since *since)
{
	struct stmt	st = op_stmt(c, SQL_DELETIONS_KNOWN);
	bool		kept = false;
	enum err	e;

	if (stmt_next(&st))
		kept = since->is_date ? stmt_is_null(&st, 1) ||
		    since->date > stmt_number(&st, 1) :
		    since->seq >= stmt_number(&st, 0) &&
		    since->seq <= stmt_number(&st, 2);
	e = op_end(c, &st, OK);
	if (e != OK || since->is_all || (kept && !since->is_other))
		return e;
	return op_fault(c, FAULT_SYNC_EXPIRED, KEY_SINCE, op_refuse(c,
	    ERR_SYNC_EXPIRED, since->is_other ?
	    "since: this cursor is of a store that was replaced. Read all "
	    "tickets again." :
	    "since: not all that was deleted since then is known any more. "
	    "Read all tickets again."));
}

/* --- the answer --------------------------------------------------------------- */

static void
put_cursor(struct buf *b, const struct call *c, int64_t seq)
{
	buf_printf(b, "%c%lld-%lld", CURSOR_MARK,
	    (long long)c->session->stream, (long long)seq);
}

/* Append at most so many; *seq becomes the last one's number. */
static enum err
put_items(struct call *c, struct buf *b, int64_t limit, int64_t *seq,
    bool *ret_more)
{
	struct stmt	 st = op_stmt(c, SQL_DELETIONS_AFTER);
	int64_t		 count = 0;

	stmt_bind_number(&st, KEY_SEQ, *seq);
	stmt_bind_number(&st, KEY_LIMIT, limit + 1);
	while (stmt_next(&st) && count++ < limit) {
		*seq = stmt_number(&st, 0);
		buf_put_text(b, count > 1 ? ",{\"date_deleted\":" :
		    "{\"date_deleted\":");
		json_put_date(b, stmt_number(&st, 2));
		buf_printf(b, ",\"id\":%lld}", (long long)stmt_number(&st, 1));
	}
	*ret_more = count > limit;
	return op_end(c, &st, OK);
}

/* seq: of the last item, or of what the client knew. */
static void
put_answer(struct call *c, const struct buf *items, int64_t seq,
    int64_t limit, bool more)
{
	struct buf	*b = &c->fragment;

	buf_put_text(b, "{\"_links\":{\"next\":");
	if (more) {
		buf_printf(b, "\"%ctickets/deleted?since=", PLACEHOLDER_API);
		put_cursor(b, c, seq);
		buf_printf(b, "&per_page=%lld\"", (long long)limit);
	} else
		buf_put_text(b, "null");
	buf_put_text(b, "},\"items\":[");
	buf_put(b, items->base, items->len);
	buf_put_text(b, "],\"since\":\"");
	put_cursor(b, c, seq);
	buf_put_text(b, "\"}");
}

enum err
deletions_list(struct call *c)
{
	int64_t		limit = args_number(&c->request.args, KEY_PER_PAGE,
			    PER_PAGE_DEFAULT);
	struct since	since;
	struct buf	items = { 0 };
	int64_t		seq;
	bool		more = false;
	enum err	e = read_since(c, &since);

	if (e == OK && limit < 1)
		return ERR_NOT_FOUND;
	if (limit > PER_PAGE_MOST)
		limit = PER_PAGE_MOST;
	if (e == OK && since.is_date)
		e = find_date(c, &since);
	seq = since.seq;
	if (e == OK)
		e = put_items(c, &items, limit, &seq, &more);
	if (e == OK)
		put_answer(c, &items, seq, limit, more);
	buf_done(&items);
	return e != OK ? e : check_kept(c, &since);
}
