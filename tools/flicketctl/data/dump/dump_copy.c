/* Rows as COPY writes them: a line each, fields with tabs between them. */
#include <string.h>

#include "tools/flicketctl/data/dump/dump_parts.h"

/* A backslash in a field. */
static bool
read_escape(struct dump *d)
{
	uint32_t	number;
	size_t		len = 2, digits;
	int		c = input_peek(&d->in, 1);
	char		byte = dump_postgres_escape(c);

	if (byte == '\0')
		byte = (char)c;
	if ((digits = dump_read_digits(d, 1, 8, 3, &number)) > 0)
		len = 1 + digits;
	else if (c == 'x')
		len = 2 + dump_read_digits(d, 2, 16, 2, &number);
	if (digits > 0 || len > 2)
		byte = (char)number;
	if (c == -1)
		len = 1;
	input_skip(&d->in, len);
	return dump_keep(d, &byte, 1);
}

static bool
is_null(struct dump *d)
{
	int	after;

	if (input_peek(&d->in, 0) != '\\' || input_peek(&d->in, 1) != 'N')
		return false;
	after = input_peek(&d->in, 2);
	return after == '\t' || after == '\n' || after == -1;
}

static bool
read_field(struct dump *d)
{
	static const bool	stops[256] = { ['\t'] = true, ['\n'] = true,
				    ['\\'] = true };
	struct text		run;
	int			c;

	d->text.len = 0;
	for (;;) {
		run = input_run(&d->in, stops);
		if (!dump_keep(d, run.base, run.len))
			return false;
		c = input_peek(&d->in, 0);
		if (c == '\t' || c == '\n' || c == -1)
			return true;
		if (c == '\\' && !read_escape(d))
			return false;
	}
}

static bool
read_row(struct dump *d, struct dump_table *table)
{
	bool	null;
	int	c;

	row_begin(d);
	d->line = d->in.line;
	do {
		null = is_null(d);
		if (!read_field(d) ||
		    !row_add(d, table, null ? VALUE_NULL : VALUE_STRING))
			return false;
		c = input_peek(&d->in, 0);
		input_skip(&d->in, c != -1);
	} while (c == '\t');
	return c == -1 || row_write(d, table);
}

static bool
is_end(struct dump *d)
{
	int	after;

	if (input_peek(&d->in, 0) != '\\' || input_peek(&d->in, 1) != '.')
		return false;
	after = input_peek(&d->in, 2);
	return after == '\n' || after == -1;
}

bool
dump_read_copy(struct dump *d, struct dump_table *table)
{
	char	unused[2];

	d->keeps = true;
	dump_read_line(d, unused, sizeof(unused));
	input_skip(&d->in, input_peek(&d->in, 0) != -1);
	while (input_peek(&d->in, 0) != -1 && !is_end(d)) {
		if (table != NULL) {
			if (!read_row(d, table))
				return false;
			continue;
		}
		dump_read_line(d, unused, sizeof(unused));
		input_skip(&d->in, input_peek(&d->in, 0) != -1);
	}
	if (input_peek(&d->in, 0) != -1)
		input_skip(&d->in, 2);
	return true;
}
