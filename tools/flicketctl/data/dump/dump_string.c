/*
 * Strings: '...' with doubled quotes, with the escapes of MySQL or PostgreSQL,
 * and $tag$ ... $tag$.
 */
#include <ctype.h>
#include <string.h>

#include "tools/flicketctl/data/dump/dump_parts.h"

bool
dump_keep(struct dump *d, const void *p, size_t len)
{
	if (!d->keeps)
		return true;
	if (d->text.len + len > DUMP_ROW_MOST)
		return dump_fail(d, "a value is longer than %zu bytes",
		    DUMP_ROW_MOST);
	buf_put(&d->text, p, len);
	return true;
}

size_t
dump_read_digits(struct dump *d, size_t at, int base, size_t most,
    uint32_t *ret)
{
	size_t	n;
	int	c;

	for (*ret = 0, n = 0; n < most; n++) {
		c = input_peek(&d->in, at + n);
		if (base == 8 ? c < '0' || c > '7' : c < 0 || !isxdigit(c))
			break;
		*ret = *ret * (uint32_t)base +
		    (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return n;
}

static bool
keep_utf8(struct dump *d, uint32_t c)
{
	char	s[4];
	size_t	len;

	if (c < 0x80)
		s[0] = (char)c, len = 1;
	else if (c < 0x800)
		s[0] = (char)(0xc0 | c >> 6), len = 2;
	else if (c < 0x10000)
		s[0] = (char)(0xe0 | c >> 12), len = 3;
	else
		s[0] = (char)(0xf0 | (c >> 18 & 7)), len = 4;
	for (size_t i = 1; i < len; i++)
		s[i] = (char)(0x80 | (c >> 6 * (len - 1 - i) & 0x3f));
	return dump_keep(d, s, len);
}

char
dump_postgres_escape(int c)
{
	static const char	from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
	const char		*p = c > 0 ? strchr(from, c) : NULL;

	return p != NULL ? to[p - from] : '\0';
}

/* "\u0041" or "\U00000041"; false: neither. */
static bool
is_unicode(struct dump *d, uint32_t *ret, size_t *ret_len)
{
	int	c = input_peek(&d->in, 1);
	size_t	digits = c == 'u' ? 4 : 8;

	*ret_len = 2 + digits;
	return (c == 'u' || c == 'U') &&
	    dump_read_digits(d, 2, 16, digits, ret) == digits;
}

/* A backslash in E'...'. */
static bool
postgres_escape(struct dump *d)
{
	uint32_t	number;
	size_t		len;
	int		c = input_peek(&d->in, 1);
	char		byte = dump_postgres_escape(c);

	if (is_unicode(d, &number, &len)) {
		input_skip(&d->in, len);
		return keep_utf8(d, number);
	}
	len = 2;
	if (byte == '\0')
		byte = (char)c;
	if (c == 'x' && dump_read_digits(d, 2, 16, 2, &number) > 0) {
		len = 2 + dump_read_digits(d, 2, 16, 2, &number);
		byte = (char)number;
	} else if (dump_read_digits(d, 1, 8, 3, &number) > 0) {
		len = 1 + dump_read_digits(d, 1, 8, 3, &number);
		byte = (char)number;
	}
	input_skip(&d->in, len);
	return dump_keep(d, &byte, 1);
}

/* A backslash in '...' of MySQL. "\%" and "\_" keep it. */
static bool
mysql_escape(struct dump *d)
{
	static const char	from[] = "0bnrtZ", to[] = "\0\b\n\r\t\x1a";
	char			both[2] = { '\\', (char)input_peek(&d->in, 1) };
	const char		*p = memchr(from, both[1], sizeof(from) - 1);

	input_skip(&d->in, 2);
	if (both[1] == '%' || both[1] == '_')
		return dump_keep(d, both, 2);
	return dump_keep(d, p != NULL ? to + (p - from) : both + 1, 1);
}

static bool
read_escape(struct dump *d)
{
	if (input_peek(&d->in, 1) == -1) {
		input_skip(&d->in, 1);	/* the file ends in it */
		return true;
	}
	return d->dialect == DUMP_MYSQL ? mysql_escape(d) : postgres_escape(d);
}

bool
dump_read_string(struct dump *d, bool escapes)
{
	static const bool	plain[256] = { ['\''] = true },
				escaped[256] = { ['\''] = true,
				    ['\\'] = true };
	struct text		run;
	int			c;

	input_skip(&d->in, 1);
	for (;;) {
		run = input_run(&d->in, escapes ? escaped : plain);
		if (!dump_keep(d, run.base, run.len))
			return false;
		c = input_peek(&d->in, 0);
		if (c == -1)
			return true;
		if (c == '\\' && escapes) {
			if (!read_escape(d))
				return false;
		} else if (c == '\'' && input_peek(&d->in, 1) != '\'') {
			input_skip(&d->in, 1);
			return true;
		} else if (c == '\'') {
			input_skip(&d->in, 2);
			if (!dump_keep(d, "'", 1))
				return false;
		}
	}
}

/* The length of "$tag$" at the beginning; 0: no such tag. */
static size_t
read_tag(struct dump *d, char tag[DUMP_NAME_MOST])
{
	size_t	len = 0;
	int	c;

	while (len + 1 < DUMP_NAME_MOST) {
		c = input_peek(&d->in, len);
		if (c == -1 || (c != '$' && c < 0x80 && !isalnum(c) &&
		    c != '_') || (len == 1 && isdigit(c)))
			return 0;
		tag[len++] = (char)c;
		if (c == '$' && len > 1)
			return len;
	}
	return 0;
}

static bool
begins_with(struct dump *d, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (input_peek(&d->in, i) != (unsigned char)s[i])
			return false;
	return true;
}

bool
dump_read_dollar(struct dump *d)
{
	static const bool	stops[256] = { ['$'] = true };
	char			tag[DUMP_NAME_MOST];
	size_t			len = read_tag(d, tag);
	struct text		run;

	if (len == 0)
		return false;
	input_skip(&d->in, len);
	while (input_peek(&d->in, 0) != -1 && !begins_with(d, tag, len)) {
		run = input_run(&d->in, stops);
		dump_keep(d, run.base, run.len);
		if (run.len == 0 && input_peek(&d->in, 0) == '$') {
			input_skip(&d->in, 1);
			dump_keep(d, "$", 1);
		}
	}
	if (input_peek(&d->in, 0) != -1)
		input_skip(&d->in, len);
	return true;
}

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
dump_decode_hex(struct dump *d)
{
	char	*p = d->text.base;
	size_t	 out = 0, in = 0;
	int	 high = 0, low;

	if (d->text.len % 2 == 1)
		low = hex_value(p[in++]), p[out++] = (char)low;
	for (; in + 1 < d->text.len; in += 2) {
		high = hex_value(p[in]);
		low = hex_value(p[in + 1]);
		if (high == -1 || low == -1)
			return dump_fail(d, "not hexadecimal digits");
		p[out++] = (char)(high << 4 | low);
	}
	d->text.len = out;
	return true;
}
