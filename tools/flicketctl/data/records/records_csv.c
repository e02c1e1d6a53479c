/*
 * Records of CSV as RFC 4180 has it: cells in quotes may hold separators, line
 * ends and doubled quotes; blanks belong to a cell. Lines end in CR LF or LF.
 * (libcsv takes blanks around cells away, and does not say where a quote is
 * wrong.)
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tools/flicketctl/data/records/records_parts.h"

/* --- a record, as readers build it ---------------------------------------------- */

void
record_begin(struct record *r, uint64_t line)
{
	r->line = line;
	r->count = 0;
	r->bytes.len = 0;
	buf_reserve(&r->bytes, 1);
}

bool
record_put(struct record *r, const char *p, size_t len)
{
	if (r->bytes.len + len > RECORDS_BYTES_MOST) {
		record_fail(r, r->line, "a record is larger than %zu MiB",
		    RECORDS_BYTES_MOST >> 20);
		return false;
	}
	buf_put(&r->bytes, p, len);
	return true;
}

bool
record_end_value(struct record *r)
{
	if (r->count == RECORDS_CELLS_MOST) {
		record_fail(r, r->line, "there are more than %d cells",
		    RECORDS_CELLS_MOST);
		return false;
	}
	r->ends[r->count++] = r->bytes.len;
	buf_put_byte(&r->bytes, '\0');
	return true;
}

void
record_finish(struct record *r)
{
	size_t	begin = 0;

	for (size_t i = 0; i < r->count; i++) {
		r->values[i] = (struct text){ r->bytes.base + begin,
		    r->ends[i] - begin };
		begin = r->ends[i] + 1;
	}
}

void
record_done(struct record *r)
{
	buf_done(&r->bytes);
}

enum records_got
record_fail(struct record *r, uint64_t line, const char *format, ...)
{
	va_list	ap;

	r->line = line;
	va_start(ap, format);
	vsnprintf(r->why, sizeof(r->why), format, ap);
	va_end(ap);
	return RECORDS_FAULT;
}

/* --- separators -------------------------------------------------------------------- */

/* The separator that the first line has most often; a comma if it has no
 * separator. */
static char
most_frequent(const unsigned char *p, size_t len)
{
	static const unsigned char	separators[] = ",;\t";
	size_t				counts[3] = { 0 }, best = 0;

	for (size_t i = 0; i < len && p[i] != '\n'; i++)
		for (size_t s = 0; s < 3; s++)
			counts[s] += p[i] == separators[s];
	for (size_t s = 1; s < 3; s++)
		if (counts[s] > counts[best])
			best = s;
	return (char)separators[best];
}

/* Spreadsheets may say it themselves: "sep=;", a line of its own. */
char
csv_find_separator(struct feed *f)
{
	unsigned char	*p = f->buf + f->at;
	size_t		 len;
	char		 said;
	int		 c;

	feed_peek(f);
	len = f->end - f->at;
	if (len < 6 || memcmp(p, "sep=", 4) != 0 || p[4] < ' ' ||
	    (p[5] != '\r' && p[5] != '\n'))
		return most_frequent(p, len);
	said = (char)p[4];
	do
		c = feed_next(f);
	while (c >= 0 && c != '\n');
	return said;
}

/* --- cells ------------------------------------------------------------------------- */

enum cell { CELL_MORE, CELL_LAST, CELL_BAD };

struct reader {
	struct feed	*f;
	struct record	*r;
	char		 separator;
};

static enum cell
fail(struct reader *in, uint64_t line, const char *why)
{
	record_fail(in->r, line, "%s", why);
	return CELL_BAD;
}

static enum cell
fail_feed(struct reader *in)
{
	return fail(in, in->f->line, in->f->why);
}

/* What follows a cell. */
static enum cell
end_cell(struct reader *in, int c)
{
	if (!record_end_value(in->r))
		return CELL_BAD;
	if (c == in->separator)
		return CELL_MORE;
	if (c == '\r' && feed_peek(in->f) == '\n')
		feed_next(in->f);
	return CELL_LAST;
}

static bool
ends_cell(struct reader *in, int c)
{
	return c == in->separator || c == '\n' || c == FEED_OVER ||
	    (c == '\r' && (feed_peek(in->f) == '\n' ||
	    feed_peek(in->f) == FEED_OVER));
}

/* From behind the opening quote on. */
static enum cell
read_quoted(struct reader *in)
{
	uint64_t	line = in->f->line;
	char		byte;
	int		c;

	while ((c = feed_next(in->f)) >= 0) {
		if (c == '"') {
			if (feed_peek(in->f) != '"')
				break;
			feed_next(in->f);
		}
		byte = (char)c;
		if (!record_put(in->r, &byte, 1))
			return CELL_BAD;
	}
	if (c == FEED_BAD)
		return fail_feed(in);
	if (c == FEED_OVER)
		return fail(in, line, "the quote of a cell that begins here is "
		    "never closed");
	line = in->f->line;
	c = feed_next(in->f);
	if (c == FEED_BAD)
		return fail_feed(in);
	return ends_cell(in, c) ? end_cell(in, c) : fail(in, line,
	    "a cell goes on behind its closing quote: quotes in it are "
	    "doubled");
}

static enum cell
read_plain(struct reader *in, int c)
{
	for (; !ends_cell(in, c); c = feed_next(in->f)) {
		char	byte = (char)c;

		if (c == FEED_BAD)
			return fail_feed(in);
		if (c == '"')
			return fail(in, in->f->line, "a quote in a cell without "
			    "quotes: the cell has to begin and end with one, "
			    "and those in it are doubled");
		if (c == '\r')
			return fail(in, in->f->line, "a CR without LF: lines "
			    "end in CR LF or LF");
		if (!record_put(in->r, &byte, 1))
			return CELL_BAD;
	}
	return end_cell(in, c);
}

static enum cell
read_cell(struct reader *in)
{
	int	c = feed_next(in->f);

	return c == '"' ? read_quoted(in) : read_plain(in, c);
}

/* Lines without anything are no records. */
static void
skip_empty_lines(struct feed *f)
{
	int	c;

	while ((c = feed_peek(f)) == '\n' || (c == '\r' &&
	    feed_peek_second(f) == '\n'))
		feed_next(f);
}

enum records_got
csv_read(struct feed *f, char separator, struct record *r)
{
	struct reader	in = { f, r, separator };
	enum cell	got;

	if (f->why[0] != '\0')
		return record_fail(r, f->line, "%s", f->why);
	skip_empty_lines(f);
	if (feed_peek(f) == FEED_OVER)
		return RECORDS_END;
	record_begin(r, f->line);
	do
		got = read_cell(&in);
	while (got == CELL_MORE);
	if (got == CELL_BAD)
		return RECORDS_FAULT;
	record_finish(r);
	return RECORDS_ROW;
}
