/*
 * Cells of exports: a reader of RFC 4180 gets back the text, made harmless for
 * spreadsheets and without what no cell can show.
 */
#include "fuzz.h"

#include "services/ticket/list/csv.h"

/* The next cell of a line, unquoted, and what stands behind it. */
static bool
read_cell(struct text *left, struct buf *ret, char *ret_behind)
{
	size_t	at = 1;

	ret->len = 0;
	if (left->len == 0 || left->base[0] != '"')
		return false;
	for (; at < left->len; at++) {
		if (left->base[at] == '"') {
			if (at + 1 == left->len || left->base[at + 1] != '"')
				break;
			at++;
		}
		buf_put_byte(ret, left->base[at]);
	}
	if (at + 1 >= left->len)
		return false;
	*ret_behind = left->base[at + 1];
	left->base += at + 2;
	left->len -= at + 2;
	return true;
}

/* Whether what another spreadsheet takes for a cell is no formula. */
static bool
is_text(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.base[i] != ' ')
			return memchr("=+-@", t.base[i], 4) == NULL;
	return true;
}

/* What a cell shows: a space for each line break and control character. */
static size_t
shown_length(struct text t)
{
	unsigned char	c = (unsigned char)t.base[0];

	if (t.len > 1 && c == '\r' && t.base[1] == '\n')
		return 2;
	if (c < ' ' || c == 0x7f)
		return 1;
	if (t.len > 1 && c == 0xc2 && (unsigned char)t.base[1] < 0xa0 &&
	    (unsigned char)t.base[1] >= 0x80)
		return 2;
	return t.len > 2 && (memcmp(t.base, "\xe2\x80\xa8", 3) == 0 ||
	    memcmp(t.base, "\xe2\x80\xa9", 3) == 0) ? 3 : 0;
}

/* The text, but for apostrophes in front of it and behind separators. */
static void
check_cell(struct text want, struct text have)
{
	size_t	at = 0, len;
	bool	begins = true;

	CHECK(is_text(have));
	for (size_t i = 0; i < have.len; i++) {
		struct text	left = { want.base + at, want.len - at };

		if (have.base[i] == ';')
			CHECK(is_text((struct text){ have.base + i + 1,
			    have.len - i - 1 }));
		if (begins && have.base[i] == '\'' && (left.len == 0 ||
		    left.base[0] != '\'')) {
			begins = false;
			continue;
		}
		CHECK(left.len > 0);
		len = shown_length(left);
		CHECK(have.base[i] == (len > 0 ? ' ' : left.base[0]));
		begins = have.base[i] == ';';
		at += len > 0 ? len : 1;
	}
	CHECK(at == want.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input	in = { data, len };
	struct text	cells[4], left;
	struct buf	line = { 0 }, cell = { 0 };
	char		behind;

	for (size_t i = 0; i < LEN(cells); i++) {
		cells[i] = input_text(&in, i + 1 < LEN(cells) ?
		    input_byte(&in) : SIZE_MAX);
		csv_put(&line, cells[i], ',');
		buf_put_byte(&line, i + 1 < LEN(cells) ? ',' : '\n');
	}
	left = (struct text){ line.base, line.len };
	for (size_t i = 0; i < LEN(cells); i++) {
		CHECK(read_cell(&left, &cell, &behind));
		CHECK(behind == (i + 1 < LEN(cells) ? ',' : '\n'));
		check_cell(cells[i], (struct text){ cell.base, cell.len });
	}
	CHECK(left.len == 0);
	buf_done(&line);
	buf_done(&cell);
	return 0;
}
