/* Signs and digits: each becomes that of ASCII. */
#include "services/ticket/search/signs.h"

#include <utf8proc.h>

#include "base/number.h"
#include "base/scan.h"

/* In ascending order. */
static const struct { uint32_t first, last; char ascii; } signs[] = {
	{ 0x00a0, 0x00a0, ' ' }, { 0x1680, 0x1680, ' ' },
	{ 0x2000, 0x200a, ' ' }, { 0x2028, 0x2029, ' ' },
	{ 0x202f, 0x202f, ' ' }, { 0x205f, 0x205f, ' ' },
	{ 0x2212, 0x2212, '-' }, { 0x3000, 0x3000, ' ' },
	{ 0xfe5f, 0xfe5f, '#' }, { 0xfe61, 0xfe61, '*' },
	{ 0xfe63, 0xfe63, '-' }, { 0xff02, 0xff02, '"' },
	{ 0xff03, 0xff03, '#' }, { 0xff08, 0xff08, '(' },
	{ 0xff09, 0xff09, ')' }, { 0xff0a, 0xff0a, '*' },
	{ 0xff0d, 0xff0d, '-' },
};

/* The sign of ASCII that a character stands for; NUL: it is another one. */
static char
find_sign(uint32_t c)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]) &&
	    signs[i].first <= c; i++)
		if (c <= signs[i].last)
			return signs[i].ascii;
	return '\0';
}

void
signs_put(struct buf *b, struct text t)
{
	size_t	len;
	char	sign;

	for (size_t at = 0; at < t.len; at += len) {
		len = scan_character(t.base + at, t.len - at);
		sign = len == 0 ? '\0' :
		    find_sign(scan_code_point(t.base + at, len));
		if (len == 0)
			len = 1;
		if (sign != '\0')
			buf_put_byte(b, sign);
		else
			buf_put(b, t.base + at, len);
	}
}

/* The digits of a script are in one row, from 0 to 9, in Unicode. */
static int
value_of(utf8proc_int32_t c)
{
	int	value = 0;

	if (utf8proc_category(c) != UTF8PROC_CATEGORY_ND)
		return -1;
	while (value < 9 && utf8proc_category(c - value - 1) ==
	    UTF8PROC_CATEGORY_ND)
		value++;
	return value;
}

bool
signs_number(struct text t, int64_t *ret)
{
	struct buf		digits = { 0 };
	struct text		left;
	utf8proc_int32_t	c;
	utf8proc_ssize_t	len;
	int			value = 0;
	bool			fits;

	for (size_t at = 0; at < t.len && value != -1; at += (size_t)len) {
		len = utf8proc_iterate((const utf8proc_uint8_t *)t.base + at,
		    (utf8proc_ssize_t)(t.len - at), &c);
		value = len > 0 ? value_of(c) : -1;
		if (value == -1)
			break;
		buf_put_byte(&digits, (char)('0' + value));
	}
	left = buf_text(&digits);
	fits = value != -1 && t.len > 0 &&
	    number_take(&left, ret) == NUMBER_FITS && left.len == 0;
	buf_done(&digits);
	return fits;
}
