/*
 * Cells of exports: a reader of RFC 4180 gets back the text, made harmless for
 * spreadsheets and without what no cell can show.
 */
#include "fuzz.h"

#include "services/ticket/list/export.h"

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

static void
check_cell(struct text want, struct text have)
{
	bool	is_formula = want.len > 0 &&
		    memchr("=+-@\t\r\n", want.base[0], 7) != NULL;

	CHECK(have.len == want.len + is_formula);
	CHECK(!is_formula || have.base[0] == '\'');
	for (size_t i = 0; i < want.len; i++) {
		char	c = have.base[i + is_formula];
		bool	is_shown = (unsigned char)want.base[i] >= ' ' ||
			    memchr("\t\r\n", want.base[i], 3) != NULL;

		CHECK(c == (is_shown && want.base[i] != 0x7f ? want.base[i] :
		    ' '));
	}
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
		csv_put(&line, cells[i]);
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
