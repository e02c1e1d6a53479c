/* The kinds of characters are those of Unicode's tables, from utf8proc. */
#include "services/ticket/list/csv.h"

#include <string.h>
#include <utf8proc.h>

#define BRAILLE_BLANK	0x2800	/* a symbol by its kind */
#define MINUS_SIGN	0x2212

/* The character that a text begins with; ret_len: its bytes. -1: not UTF-8. */
static utf8proc_int32_t
first_of(struct text t, size_t *ret_len)
{
	utf8proc_int32_t	code = -1;
	utf8proc_ssize_t	len = utf8proc_iterate(
				    (const utf8proc_uint8_t *)t.base,
				    (utf8proc_ssize_t)t.len, &code);

	*ret_len = len > 0 ? (size_t)len : 1;
	return len > 0 ? code : -1;
}

static struct text
behind(struct text t, size_t len)
{
	return (struct text){ t.base + len, t.len - len };
}

/* A spreadsheet may skip it, and a person does not see it. */
static bool
is_blank(utf8proc_int32_t code)
{
	switch (utf8proc_category(code)) {
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
		return true;
	default:
		return utf8proc_get_property(code)->ignorable ||
		    code == BRAILLE_BLANK;
	}
}

/* Of any width, size or height: a compatible form of it is one of them. */
static bool
begins_formula(utf8proc_int32_t code)
{
	utf8proc_int32_t	form[4] = { code };
	int			boundary = 0;

	utf8proc_decompose_char(code, form, 4,
	    (utf8proc_option_t)(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT),
	    &boundary);
	return form[0] == MINUS_SIGN || (form[0] > 0 && form[0] < 0x80 &&
	    strchr("=+-@", form[0]) != NULL);
}

/*
 * Whether a spreadsheet may take a text for a formula, also behind blanks. An
 * unquoted cell may begin with quotation marks.
 */
static bool
is_formula(struct text t, bool quoted)
{
	utf8proc_int32_t	code;
	size_t			len;

	for (; t.len > 0; t = behind(t, len)) {
		code = first_of(t, &len);
		if (code == '\t' || code == '\r' || code == '\n')
			return true;
		if (code == -1 || (!is_blank(code) && (quoted || code != '"')))
			return code != -1 && begins_formula(code);
	}
	return false;
}

/* How many bytes a line break or another control character has; 0: none. */
static size_t
control_length(struct text t)
{
	size_t			len;
	utf8proc_int32_t	code;

	if (t.len > 1 && t.base[0] == '\r' && t.base[1] == '\n')
		return 2;
	code = first_of(t, &len);
	if (code == -1)
		return 0;
	switch (utf8proc_category(code)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return len;
	default:
		return 0;
	}
}

static bool
is_plain(char c)
{
	return c >= ' ' && c < 0x7f && strchr("\";,", c) == NULL;
}

/* Append one character, or several that need no look; returns their bytes. */
static size_t
put_some(struct buf *b, struct text t)
{
	size_t	len = 0;

	while (len < t.len && is_plain(t.base[len]))
		len++;
	if (len > 0) {
		buf_put(b, t.base, len);
		return len;
	}
	len = control_length(t);
	if (len > 0) {
		buf_put_byte(b, ' ');
		return len;
	}
	if (t.base[0] == '"')
		buf_put_byte(b, '"');
	(void)first_of(t, &len);
	buf_put(b, t.base, len);
	return len;
}

void
csv_put(struct buf *b, struct text t, char separator)
{
	bool	begins = true, quoted = true;
	size_t	len;

	buf_put_byte(b, '"');
	for (; t.len > 0; t = behind(t, len)) {
		if (begins && is_formula(t, quoted))
			buf_put_byte(b, '\'');
		quoted = false;
		len = put_some(b, t);
		begins = t.base[0] == ';' ||
		    (t.base[0] == ',' && separator != ',');
	}
	buf_put_byte(b, '"');
}

bool
csv_separator(struct text name, char *ret)
{
	static const struct { struct text name; char character; } rows[] = {
		{ { "comma", 5 }, ',' }, { { ",", 1 }, ',' },
		{ { "semicolon", 9 }, ';' }, { { ";", 1 }, ';' },
		{ { "tab", 3 }, '\t' }, { { "\t", 1 }, '\t' },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (text_same(name, rows[i].name)) {
			*ret = rows[i].character;
			return true;
		}
	return false;
}
