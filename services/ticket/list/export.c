/* Exports of lists, as CSV with Flicket's columns and as JSON lines. */
#include "services/ticket/list/export.h"

#include <time.h>

#include "base/json.h"
#include "services/ticket/list/slice.h"
#include "services/ticket/ticket.h"

/* A chunk is bounded, as reads must be short and messages small. */
#define ROWS_MOST	5000
#define CHUNK_BYTES	((size_t)1 << 20)

enum { EXPORT_CSV = 1, EXPORT_NDJSON = 2 };

static const char	csv_head[] = "Ticket_ID,Priority,Title,Submitted By,"
			    "Date,Replies,Category,Status,Assigned,URL\r\n";

/* The columns of TICKET_EXPORT_ROW. */
enum { ROW_ID, ROW_PRIORITY, ROW_TITLE, ROW_AUTHOR, ROW_ADDED, ROW_REPLIES,
    ROW_CATEGORY, ROW_STATUS, ROW_ASSIGNED };

/*
 * A spreadsheet takes a text that begins with one of these for a formula; after
 * a quotation mark it does not. Control characters become spaces: a cell cannot
 * show them, and some are placeholders (proto/placeholders.tbl).
 */
void
csv_put(struct buf *b, struct text t)
{
	buf_put_byte(b, '"');
	if (t.len > 0 && memchr("=+-@\t\r\n", t.base[0], 7) != NULL)
		buf_put_byte(b, '\'');
	for (size_t i = 0; i < t.len; i++) {
		unsigned char	c = (unsigned char)t.base[i];

		if (c == '"')
			buf_put_byte(b, '"');
		if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') ||
		    c == 0x7f)
			buf_put_byte(b, ' ');
		else
			buf_put_byte(b, (char)c);
	}
	buf_put_byte(b, '"');
}

static void
put_cell(struct buf *b, const struct stmt *st, int column)
{
	csv_put(b, stmt_text(st, column));
	buf_put_byte(b, ',');
}

static void
put_day(struct buf *b, const struct stmt *st, int column)
{
	int64_t		us = stmt_number(st, column);
	time_t		t = (time_t)(us / 1000000 - (us % 1000000 < 0));
	struct tm	tm;
	char		day[32] = "";

	if (!stmt_is_null(st, column) && gmtime_r(&t, &tm) != NULL)
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	buf_printf(b, "%s,", day);
}

static slice_put	put_csv, put_ndjson;

static enum err
put_csv(struct call *c, const struct stmt *st)
{
	struct buf	*b = &c->fragment;
	long long	 id = stmt_number(st, ROW_ID);

	buf_printf(b, "%05lld,", id);
	put_cell(b, st, ROW_PRIORITY);
	put_cell(b, st, ROW_TITLE);
	put_cell(b, st, ROW_AUTHOR);
	put_day(b, st, ROW_ADDED);
	json_put_number(b, stmt_number(st, ROW_REPLIES));
	buf_put_byte(b, ',');
	put_cell(b, st, ROW_CATEGORY);
	put_cell(b, st, ROW_STATUS);
	put_cell(b, st, ROW_ASSIGNED);
	buf_printf(b, "%cticket/%lld\r\n", PLACEHOLDER_API, id);
	return OK;
}

static enum err
put_ndjson(struct call *c, const struct stmt *st)
{
	enum err	e = op_put_row(c, st);

	buf_put_byte(&c->fragment, '\n');
	return e;
}

static enum err
put_chunk(struct call *c, struct slice *s, bool csv, bool first)
{
	if (!csv)
		return slice_put_rows(c, s, c->op->sql, CHUNK_BYTES,
		    put_ndjson);
	if (first)
		buf_put_text(&c->fragment, csv_head);
	return slice_put_rows(c, s, SQL_TICKET_EXPORT_ROW, CHUNK_BYTES,
	    put_csv);
}

enum err
ticket_export(struct call *c)
{
	const struct args	*args = &c->request.args;
	int64_t			 format = args_number(args, KEY_FORMAT, 0);
	int64_t			 limit = args_number(args, KEY_LIMIT, 0);
	bool			 first = args_text(args, KEY_CURSOR).len == 0;
	struct slice		 slice;
	enum err		 e;

	if ((format != EXPORT_CSV && format != EXPORT_NDJSON) || limit < 1)
		return op_refuse(c, ERR_BAD_REQUEST,
		    "format is 1 or 2, limit at least 1.");
	if (format == EXPORT_CSV && args_has(args, KEY_FIELDS))
		return op_fault(c, FAULT_EXCLUSIVE, KEY_FIELDS,
		    op_refuse(c, ERR_BAD_REQUEST, "fields: the columns of "
		    "a CSV file are always the same."));
	e = slice_pick(c, 0, limit < ROWS_MOST ? limit : ROWS_MOST, &slice);
	c->answer.total = slice.total;
	if (e == OK)
		e = put_chunk(c, &slice, format == EXPORT_CSV, first);
	if (e == OK)
		e = slice_put_cursor(c, &slice);
	slice_done(&slice);
	return e;
}
