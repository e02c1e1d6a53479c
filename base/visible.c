/* What is not safe to show, and what is shown in its place. */
#include "base/visible.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/scan.h"

/* Code points beyond ASCII that are not shown as they are, in ascending order. */
static const struct { uint32_t first, last; } unsafe[] = {
	{ 0x80, 0x9f },		/* C1: U+009B begins a sequence, as ESC [ does */
	{ 0x61c, 0x61c },	/* the Arabic letter mark */
	{ 0x180e, 0x180e },
	{ 0x200b, 0x200b },	/* not U+200C and U+200D, which Persian needs */
	{ 0x200e, 0x200f },	/* marks of direction */
	{ 0x2028, 0x202e },	/* separators; embeddings and overrides */
	{ 0x2060, 0x206f },	/* isolates, and operators without width */
	{ 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb },
	{ 0xe0000, 0xe007f },	/* tags */
};

static bool
is_unsafe(uint32_t code)
{
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (code <= unsafe[i].last)
			return code >= unsafe[i].first;
	return false;
}

static void
escape(uint32_t code, enum visible_in in, char ret[VISIBLE_MOST])
{
	if (code < 0x80 && in == VISIBLE_TEXT)
		snprintf(ret, VISIBLE_MOST, "\\x%02x", code);
	else if (code <= 0xffff)
		snprintf(ret, VISIBLE_MOST, "\\u%04x", code);
	else if (in == VISIBLE_TEXT)
		snprintf(ret, VISIBLE_MOST, "\\U%08x", code);
	else	/* a pair of UTF-16 */
		snprintf(ret, VISIBLE_MOST, "\\u%04x\\u%04x",
		    0xd800 + ((code - 0x10000) >> 10),
		    0xdc00 + ((code - 0x10000) & 0x3ff));
}

size_t
visible_next(const char *p, size_t left, enum visible_in in,
    char ret[VISIBLE_MOST])
{
	unsigned char	c = (unsigned char)p[0];
	size_t		len;
	uint32_t	code;

	ret[0] = '\0';
	if (c < 0x80) {
		if (c < ' ' || c == 0x7f)
			escape(c, in, ret);
		else if (in == VISIBLE_JSON && (c == '"' || c == '\\'))
			snprintf(ret, VISIBLE_MOST, "\\%c", c);
		return 1;
	}
	len = scan_character(p, left);
	if (len == 0) {
		snprintf(ret, VISIBLE_MOST, "\xef\xbf\xbd");	/* U+FFFD */
		return 1;
	}
	code = scan_code_point(p, len);
	if (is_unsafe(code))
		escape(code, in, ret);
	return len;
}

void
visible_put(FILE *f, const char *text, size_t len)
{
	char	shown[VISIBLE_MOST];
	size_t	n;

	for (size_t at = 0; at < len; at += n) {
		n = visible_next(text + at, len - at, VISIBLE_TEXT, shown);
		if (shown[0] == '\0')
			(void)fwrite(text + at, 1, n, f);
		else
			(void)fputs(shown, f);
	}
}

/* In one write where the stream has no buffer: other processes write there, too. */
static void
print_line(FILE *f, const char *text, size_t len, const char *end)
{
	char	*shown = NULL;
	size_t	 size;
	FILE	*memory = open_memstream(&shown, &size);

	if (memory == NULL)
		return;
	visible_put(memory, text, len);
	(void)fputs(end, memory);
	if (fclose(memory) == 0)
		(void)fwrite(shown, 1, size, f);
	free(shown);
}

void
visible_vprintf(FILE *f, const char *format, va_list ap)
{
	size_t	 format_len = strlen(format);
	bool	 ends = format_len > 0 && format[format_len - 1] == '\n';
	char	*line;
	int	 len = vasprintf(&line, format, ap);

	if (len < 0)
		return;
	print_line(f, line, (size_t)len - ends, ends ? "\n" : "");
	free(line);
}

void
visible_printf(FILE *f, const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	visible_vprintf(f, format, ap);
	va_end(ap);
}

/*
 * ASCII is left as it is, as quotes and newlines are part of the document; DEL
 * is the one control character that its strings may have unescaped.
 */
void
visible_print_json(FILE *f, const char *json)
{
	char	shown[VISIBLE_MOST];
	size_t	len = strlen(json), n;

	for (size_t at = 0; at < len; at += n) {
		n = visible_next(json + at, len - at, VISIBLE_JSON, shown);
		if (shown[0] == '\0' || (unsigned char)json[at] < 0x7f)
			(void)fwrite(json + at, 1, n, f);
		else
			(void)fputs(shown, f);
	}
}
