/* Exports of lists, as CSV with Flicket's columns and as JSON lines. */
#include "services/ticket/list/export.h"

#include <time.h>

#include "base/json.h"
#include "services/ticket/list/csv.h"
#include "services/ticket/list/slice.h"
#include "services/ticket/ticket.h"

/* A chunk is bounded, as reads must be short and messages small. */
#define ROWS_MOST	5000
#define CHUNK_BYTES	((size_t)1 << 20)

enum { EXPORT_CSV = 1, EXPORT_NDJSON = 2 };

static const char *const csv_head[] = { "Ticket_ID", "Priority", "Title",
    "Submitted By", "Date", "Replies", "Category", "Status", "Assigned", "URL" };

/* The columns of TICKET_EXPORT_ROW. */
enum { ROW_ID, ROW_PRIORITY, ROW_TITLE, ROW_AUTHOR, ROW_ADDED, ROW_REPLIES,
    ROW_CATEGORY, ROW_STATUS, ROW_ASSIGNED };

/* What a client wants of a CSV file. */
struct csv_form {
	bool	marked;		/* begins with a byte order mark */
	char	separator;
};

/* Read the options of CSV. Unknown values are refused, and options with NDJSON. */
static enum err
read_form(struct call *c, bool is_csv, struct csv_form *ret)
{
	const struct args	*args = &c->request.args;
	struct text		 separator = args_text(args, KEY_SEPARATOR);

	ret->marked = args_number(args, KEY_BOM, 0) != 0;
	ret->separator = ',';
	if (!is_csv && args_has_any(args, K(BOM, SEPARATOR)))
		return op_fault(c, FAULT_EXCLUSIVE, args_has(args, KEY_BOM) ?
		    KEY_BOM : KEY_SEPARATOR, op_refuse(c, ERR_BAD_REQUEST,
		    "bom and separator are for CSV files."));
	if (is_csv && args_has(args, KEY_FIELDS))
		return op_fault(c, FAULT_EXCLUSIVE, KEY_FIELDS,
		    op_refuse(c, ERR_BAD_REQUEST, "fields: the columns of "
		    "a CSV file are always the same."));
	if (args_has(args, KEY_SEPARATOR) &&
	    !csv_separator(separator, &ret->separator))
		return op_fault(c, FAULT_INVALID, KEY_SEPARATOR,
		    op_refuse(c, ERR_BAD_REQUEST, "separator must be comma, "
		    "semicolon or tab."));
	return OK;
}

/* The call's, which read_form() has looked at. */
static char
separator_of(const struct call *c)
{
	char	separator = ',';

	(void)csv_separator(args_text(&c->request.args, KEY_SEPARATOR),
	    &separator);
	return separator;
}

static void
put_head(struct buf *b, const struct csv_form *form)
{
	size_t	count = sizeof(csv_head) / sizeof(csv_head[0]);

	if (form->marked)
		buf_put_text(b, CSV_BYTE_ORDER_MARK);
	for (size_t i = 0; i < count; i++) {
		buf_put_text(b, csv_head[i]);
		if (i + 1 < count)
			buf_put_byte(b, form->separator);
	}
	buf_put_text(b, "\r\n");
}

static void
put_cell(struct buf *b, const struct stmt *st, int column, char separator)
{
	csv_put(b, stmt_text(st, column), separator);
	buf_put_byte(b, separator);
}

static void
put_day(struct buf *b, const struct stmt *st, int column, char separator)
{
	int64_t		us = stmt_number(st, column);
	time_t		t = (time_t)(us / 1000000 - (us % 1000000 < 0));
	struct tm	tm;
	char		day[32] = "";

	if (!stmt_is_null(st, column) && gmtime_r(&t, &tm) != NULL)
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	buf_put_text(b, day);
	buf_put_byte(b, separator);
}

static slice_put	put_csv, put_ndjson;

static enum err
put_csv(struct call *c, const struct stmt *st)
{
	struct buf	*b = &c->fragment;
	long long	 id = stmt_number(st, ROW_ID);
	char		 separator = separator_of(c);

	buf_printf(b, "%05lld%c", id, separator);
	put_cell(b, st, ROW_PRIORITY, separator);
	put_cell(b, st, ROW_TITLE, separator);
	put_cell(b, st, ROW_AUTHOR, separator);
	put_day(b, st, ROW_ADDED, separator);
	json_put_number(b, stmt_number(st, ROW_REPLIES));
	buf_put_byte(b, separator);
	put_cell(b, st, ROW_CATEGORY, separator);
	put_cell(b, st, ROW_STATUS, separator);
	put_cell(b, st, ROW_ASSIGNED, separator);
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
put_chunk(struct call *c, struct slice *s, const struct csv_form *csv,
    bool first)
{
	if (csv == NULL)
		return slice_put_rows(c, s, c->op->sql, CHUNK_BYTES,
		    put_ndjson);
	if (first)
		put_head(&c->fragment, csv);
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
	struct csv_form		 form;
	struct slice		 slice;
	enum err		 e;

	if ((format != EXPORT_CSV && format != EXPORT_NDJSON) || limit < 1)
		return op_refuse(c, ERR_BAD_REQUEST,
		    "format is 1 or 2, limit at least 1.");
	e = read_form(c, format == EXPORT_CSV, &form);
	if (e != OK)
		return e;
	e = slice_pick(c, 0, limit < ROWS_MOST ? limit : ROWS_MOST, &slice);
	c->answer.total = slice.total;
	if (e == OK)
		e = put_chunk(c, &slice, format == EXPORT_CSV ? &form : NULL,
		    first);
	if (e == OK)
		e = slice_put_cursor(c, &slice);
	slice_done(&slice);
	return e;
}
