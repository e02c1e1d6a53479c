/*
 * The tokens of a dump. Comments are blanks, except those that MySQL executes:
 * what is in them counts, as the version of the server that reads is not known.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/flicketctl/data/dump/dump_parts.h"

#define VERSION_NEVER	999999	/* the comment that sets a client's mode */

static bool
is_blank(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

static bool
is_word_byte(int c)
{
	return c >= 0x80 || isalnum(c) || c == '_' || c == '$';
}

static bool
begins(struct dump *d, const char *s)
{
	for (size_t i = 0; s[i] != '\0'; i++)
		if (input_peek(&d->in, i) != (unsigned char)s[i])
			return false;
	return true;
}

void
dump_read_line(struct dump *d, char *line, size_t size)
{
	static const bool	stops[256] = { ['\n'] = true };
	struct text		run;
	size_t			len = 0, part;

	while ((run = input_run(&d->in, stops)).len > 0) {
		part = run.len < size - 1 - len ? run.len : size - 1 - len;
		memcpy(line + len, run.base, part);
		len += part;
	}
	while (len > 0 && is_blank((unsigned char)line[len - 1]))
		len--;
	line[len] = '\0';
}

/* The end line of a dump is a comment. */
static void
read_line_comment(struct dump *d)
{
	static const char	postgres[] = "-- PostgreSQL database ";
	char			line[80];
	const char		*rest = line + sizeof(postgres) - 1;

	dump_read_line(d, line, sizeof(line));
	if (d->dialect == DUMP_MYSQL)
		d->complete |= strncmp(line, "-- Dump completed", 17) == 0;
	else if (strncmp(line, postgres, sizeof(postgres) - 1) != 0)
		return;
	else if (strcmp(rest, "cluster dump") == 0)
		d->cluster = true;
	else if (strcmp(rest, "cluster dump complete") == 0)
		d->complete = true;
	else if (strcmp(rest, "dump complete") == 0)
		d->complete = !d->cluster;
}

/* Comments of PostgreSQL nest. */
static void
skip_comment(struct dump *d)
{
	static const bool	stops[256] = { ['*'] = true, ['/'] = true };
	int			depth = 0;

	do {
		if (begins(d, "/*")) {
			depth += depth == 0 || d->dialect == DUMP_POSTGRES;
			input_skip(&d->in, 2);
		} else if (begins(d, "*/")) {
			depth--;
			input_skip(&d->in, 2);
		} else if (input_run(&d->in, stops).len == 0)
			input_skip(&d->in, input_peek(&d->in, 0) != -1);
	} while (depth > 0 && input_peek(&d->in, 0) != -1);
}

/* Skip the beginning of a comment that MySQL executes, if it is one. */
static bool
enter_executable(struct dump *d)
{
	size_t	at = begins(d, "/*M!") ? 4 : 3;
	long	version = 0;

	if (d->dialect != DUMP_MYSQL || (at == 3 && !begins(d, "/*!")))
		return false;
	for (int c; at < 10 && isdigit(c = input_peek(&d->in, at)); at++)
		version = version * 10 + c - '0';
	if (version >= VERSION_NEVER)
		return false;
	input_skip(&d->in, at);
	d->executable++;
	return true;
}

static bool
is_line_comment(struct dump *d)
{
	int	c = input_peek(&d->in, 0), after;

	if (c == '#')
		return d->dialect == DUMP_MYSQL;
	if (c != '-' || input_peek(&d->in, 1) != '-')
		return false;
	after = input_peek(&d->in, 2);
	return d->dialect == DUMP_POSTGRES || after == -1 || is_blank(after);
}

void
dump_skip_blank(struct dump *d)
{
	for (;;) {
		if (is_blank(input_peek(&d->in, 0)))
			input_skip(&d->in, 1);
		else if (is_line_comment(d))
			read_line_comment(d);
		else if (begins(d, "/*")) {
			if (!enter_executable(d))
				skip_comment(d);
		} else if (d->executable > 0 && begins(d, "*/")) {
			input_skip(&d->in, 2);
			d->executable--;
		} else
			return;
	}
}

static void
keep_name_byte(struct dump *d, int c)
{
	if (d->text.len < DUMP_NAME_MOST - 1)
		buf_put_byte(&d->text, (char)c);
	input_skip(&d->in, 1);
}

static enum dump_token
read_name(struct dump *d, int quote)
{
	int	c;

	input_skip(&d->in, 1);
	while ((c = input_peek(&d->in, 0)) != -1) {
		if (c == quote && input_peek(&d->in, 1) != quote)
			break;
		if (c == quote)
			input_skip(&d->in, 1);
		keep_name_byte(d, c);
	}
	if (c != -1)
		input_skip(&d->in, 1);
	return TOKEN_NAME;
}

static enum dump_token
read_word(struct dump *d)
{
	int	c;

	while ((c = input_peek(&d->in, 0)) != -1 && is_word_byte(c))
		keep_name_byte(d, c);
	return TOKEN_WORD;
}

static enum dump_token
read_number(struct dump *d)
{
	int	c, before = 0;

	while ((c = input_peek(&d->in, 0)) != -1 && (is_word_byte(c) ||
	    c == '.' || ((c == '+' || c == '-') && (before | 0x20) == 'e'))) {
		before = c;
		keep_name_byte(d, c);
	}
	return TOKEN_NUMBER;
}

/* 0x41 */
static enum dump_token
read_hex(struct dump *d)
{
	static bool	stops[256];
	struct text	run;

	for (int c = 0; c < 256; c++)
		stops[c] = !isxdigit(c);
	input_skip(&d->in, 2);
	while ((run = input_run(&d->in, stops)).len > 0)
		if (!dump_keep(d, run.base, run.len))
			return TOKEN_BAD;
	return dump_decode_hex(d) ? TOKEN_BYTES : TOKEN_BAD;
}

/* A letter before a quote: x'41', b'01', E'\n', N'a'. */
static enum dump_token
read_marked(struct dump *d, int mark)
{
	bool	escapes = d->dialect == DUMP_MYSQL || mark == 'e' ||
		    d->backslashes;

	input_skip(&d->in, 1);
	if (!dump_read_string(d, escapes))
		return TOKEN_BAD;
	if (mark == 'b')
		return TOKEN_BITS;
	if (mark != 'x')
		return TOKEN_STRING;
	return dump_decode_hex(d) ? TOKEN_BYTES : TOKEN_BAD;
}

static enum dump_token
read_string(struct dump *d)
{
	return dump_read_string(d, d->dialect == DUMP_MYSQL ||
	    d->backslashes) ? TOKEN_STRING : TOKEN_BAD;
}

static bool
is_mark(const struct dump *d, int c)
{
	return strchr(d->dialect == DUMP_MYSQL ? "xbn" : "xben", c) != NULL;
}

static enum dump_token
read_token(struct dump *d, int c)
{
	if (c == '\'')
		return read_string(d);
	if (c == '"' || c == '`')
		return read_name(d, c);
	if (input_peek(&d->in, 1) == '\'' && isalpha(c) &&
	    is_mark(d, tolower(c)))
		return read_marked(d, tolower(c));
	if (c == '0' && input_peek(&d->in, 1) == 'x' &&
	    d->dialect == DUMP_MYSQL)
		return read_hex(d);
	if (isdigit(c))
		return read_number(d);
	if (c == '$' && d->dialect == DUMP_POSTGRES && dump_read_dollar(d))
		return TOKEN_STRING;
	if (is_word_byte(c))
		return read_word(d);
	buf_put_byte(&d->text, (char)c);
	input_skip(&d->in, 1);
	return TOKEN_SYMBOL;
}

static enum dump_token
next(struct dump *d)
{
	int	c;

	dump_skip_blank(d);
	d->line = d->in.line;
	c = input_peek(&d->in, 0);
	if (c == -1)
		return TOKEN_OVER;
	if (!begins(d, d->delimiter))
		return read_token(d, c);
	input_skip(&d->in, strlen(d->delimiter));
	d->executable = 0;
	return TOKEN_END;
}

enum dump_token
dump_next(struct dump *d)
{
	d->text.len = 0;
	d->token = next(d);
	buf_reserve(&d->text, 1);
	d->text.base[d->text.len] = '\0';
	return d->token;
}

bool
dump_is_word(const struct dump *d, const char *word)
{
	return d->token == TOKEN_WORD && strcasecmp(d->text.base, word) == 0;
}

bool
dump_is_symbol(const struct dump *d, char c)
{
	return d->token == TOKEN_SYMBOL && d->text.base[0] == c;
}
