/*
 * Parameters are read as clients write them. A quote in a value comes as %22
 * from some browsers and as \" from others, a backslash as itself or twice.
 * Some programs quote encoded values, some leave spaces in bare ones.
 */
#include "gateway/http/parameter.h"

#include <stdio.h>
#include "base/scan.h"
#include "gateway/http/chars.h"
#include "gateway/http/encoded_words.h"

#define NAME_BYTES	32	/* of a name with its section */

static const char	replacement[] = "\xef\xbf\xbd";	/* U+FFFD */

/* --- one parameter --------------------------------------------------------- */

struct text
parameter_token(struct text *left)
{
	struct text	token = { left->base, 0 };

	while (token.len < left->len && is_of_token(left->base[token.len]))
		token.len++;
	*left = rest_of(*left, token.len);
	return token;
}

/* Take one character of a quoted text. */
static char
take_quoted_char(struct text *left)
{
	char	c = left->base[0];
	size_t	len = 1;

	if (c == '\\' && left->len > 1 &&
	    (left->base[1] == '"' || left->base[1] == '\\')) {
		c = left->base[1];
		len = 2;
	} else if (left->len > 2 && memcmp(left->base, "%22", 3) == 0) {
		c = '"';
		len = 3;
	}
	*left = rest_of(*left, len);
	return c;
}

/* A quoted text, from behind its first quote to behind its last. */
static enum parameter_result
take_quoted(struct text *left, struct parameter *ret)
{
	size_t	len = 0;

	while (left->len > 0 && left->base[0] != '"') {
		if (len == sizeof(ret->bytes))
			return PARAMETER_TOO_LONG;
		ret->bytes[len++] = take_quoted_char(left);
	}
	if (left->len == 0)
		return PARAMETER_MALFORMED;
	*left = rest_of(*left, 1);
	ret->value = (struct text){ ret->bytes, len };
	return PARAMETER_READ;
}

/* More characters than tokens may have, up to the next semicolon. */
static enum parameter_result
take_bare(struct text *left, struct parameter *ret)
{
	size_t	len = 0;

	while (len < left->len && left->base[len] != ';')
		len++;
	ret->value = trim_blanks((struct text){ left->base, len });
	*left = rest_of(*left, len);
	return ret->value.len > 0 ? PARAMETER_READ : PARAMETER_NONE;
}

/* Take `name=value`; NONE: there is no value. */
static enum parameter_result
take_parameter(struct text *left, struct parameter *ret)
{
	ret->name = parameter_token(left);
	*left = trim_blanks(*left);
	if (left->len == 0 || left->base[0] == ';')
		return PARAMETER_NONE;
	if (left->base[0] != '=' || ret->name.len == 0)
		return PARAMETER_MALFORMED;
	*left = trim_blanks(rest_of(*left, 1));
	if (left->len == 0 || left->base[0] != '"')
		return take_bare(left, ret);
	*left = rest_of(*left, 1);
	return take_quoted(left, ret);
}

enum parameter_result
parameter_next(struct text *left, struct parameter *ret)
{
	enum parameter_result	result = PARAMETER_NONE;

	while (result == PARAMETER_NONE) {
		*left = trim_blanks(*left);
		if (left->len == 0)
			return PARAMETER_NONE;
		if (left->base[0] != ';')
			return PARAMETER_MALFORMED;
		*left = trim_blanks(rest_of(*left, 1));
		result = take_parameter(left, ret);
	}
	return result;
}

/* --- encoded values -------------------------------------------------------- */

enum charset { CHARSET_NONE, CHARSET_UTF_8, CHARSET_ASCII, CHARSET_LATIN_1 };

static enum charset
charset_of(struct text name)
{
	if (is_word(name, "utf-8"))
		return CHARSET_UTF_8;
	if (is_word(name, "ascii") || is_word(name, "us-ascii"))
		return CHARSET_ASCII;
	return is_word(name, "iso-8859-1") ? CHARSET_LATIN_1 : CHARSET_NONE;
}

/* Take what comes before the first quote, which is not of the value. */
static bool
take_to_quote(struct text *left, struct text *ret)
{
	const char	*quote = memchr(left->base, '\'', left->len);

	if (quote == NULL)
		return false;
	*ret = (struct text){ left->base, (size_t)(quote - left->base) };
	*left = rest_of(*left, ret->len + 1);
	return true;
}

/* Take the charset and the language that an encoded value begins with. */
static enum charset
take_charset(struct text *value)
{
	struct text	left = *value, charset, language;

	if (!take_to_quote(&left, &charset) || !take_to_quote(&left, &language))
		return CHARSET_NONE;
	*value = left;
	return charset_of(charset);
}

/* A value that is put together. */
struct assembly {
	char	*to;
	size_t	 size;
	size_t	 len;
	bool	 is_full;
};

static void
put_bytes(struct assembly *a, const char *bytes, size_t len)
{
	if (a->size - a->len < len) {
		a->is_full = true;
		return;
	}
	memcpy(a->to + a->len, bytes, len);
	a->len += len;
}

/* Take a byte of a percent-encoded value; a % without two digits is itself. */
static char
take_encoded_byte(struct text *left)
{
	int	high = -1, low = -1;
	char	c = left->base[0];

	if (c == '%' && left->len > 2) {
		high = hex_value(left->base[1]);
		low = hex_value(left->base[2]);
	}
	if (high == -1 || low == -1) {
		*left = rest_of(*left, 1);
		return c;
	}
	*left = rest_of(*left, 3);
	return (char)(high << 4 | low);
}

static void
put_encoded_byte(struct assembly *a, char c, enum charset charset)
{
	char	two[2] = { (char)(0xc0 | (unsigned char)c >> 6),
		    (char)(0x80 | ((unsigned char)c & 0x3f)) };

	if ((unsigned char)c < 0x80 || charset == CHARSET_UTF_8)
		put_bytes(a, &c, 1);
	else if (charset == CHARSET_LATIN_1)
		put_bytes(a, two, sizeof(two));
	else
		put_bytes(a, replacement, sizeof(replacement) - 1);
}

/* A value whose charset is not known stays encoded. */
static void
put_encoded(struct assembly *a, struct text value, enum charset charset)
{
	if (charset == CHARSET_NONE)
		put_bytes(a, value.base, value.len);
	else
		while (value.len > 0)
			put_encoded_byte(a, take_encoded_byte(&value), charset);
}

/* Replace each byte that is not UTF-8. */
static void
repair(struct assembly *a)
{
	struct text	left;
	char		whole[PARAMETER_MOST_BYTES];
	size_t		len;

	if (a->len > sizeof(whole)) {
		a->is_full = true;
		return;
	}
	memcpy(whole, a->to, a->len);
	left = (struct text){ whole, a->len };
	a->len = 0;
	while (left.len > 0) {
		len = (unsigned char)left.base[0] < 0x80 ? 1 :
		    scan_character(left.base, left.len);
		if (len > 0)
			put_bytes(a, left.base, len);
		else
			put_bytes(a, replacement, sizeof(replacement) - 1);
		left = rest_of(left, len > 0 ? len : 1);
	}
}

/* --- among all ------------------------------------------------------------- */

/* The only parameter of this name. */
static enum parameter_result
find_only(struct text left, const char *name, struct parameter *ret)
{
	enum parameter_result	result, found = PARAMETER_NONE;
	struct parameter	p;

	while ((result = parameter_next(&left, &p)) == PARAMETER_READ) {
		if (!is_word(p.name, name))
			continue;
		if (found == PARAMETER_READ)
			return PARAMETER_TWICE;
		found = PARAMETER_READ;
		*ret = p;
		if (p.value.base == p.bytes)
			ret->value.base = ret->bytes;
	}
	return result == PARAMETER_NONE ? found : result;
}

/* `name*`, or section 0 of several with its charset. */
static enum parameter_result
find_encoded(struct text all, const char *name, struct assembly *a,
    enum charset *charset)
{
	struct parameter	p;
	enum parameter_result	result = find_only(all, name, &p);

	if (result != PARAMETER_READ)
		return result;
	if (*charset == CHARSET_NONE)
		*charset = take_charset(&p.value);
	put_encoded(a, p.value, *charset);
	return PARAMETER_READ;
}

static enum parameter_result
find_plain(struct text all, const char *name, struct assembly *a)
{
	struct parameter	p;
	enum parameter_result	result = find_only(all, name, &p);

	if (result == PARAMETER_READ)
		put_bytes(a, p.value.base, p.value.len);
	return result;
}

/* The value of a parameter that is encoded in none of the ways of HTTP. */
static enum parameter_result
find_unencoded(struct text all, const char *name, struct assembly *a)
{
	char			decoded[PARAMETER_MOST_BYTES];
	enum parameter_result	result = find_plain(all, name, a);
	struct text		words;

	if (result != PARAMETER_READ || !encoded_words_read(
	    (struct text){ a->to, a->len }, decoded, sizeof(decoded), &words))
		return result;
	a->len = 0;
	put_bytes(a, words.base, words.len);
	return result;
}

/* Sections `name*0`, `name*1` ..., each of which may be encoded (`name*0*`). */
static enum parameter_result
find_sections(struct text all, const char *name, struct assembly *a)
{
	enum parameter_result	result = PARAMETER_READ;
	enum charset		charset = CHARSET_NONE;
	char			section[NAME_BYTES];
	int			n = 0;

	for (; n < PARAMETER_SECTIONS_MOST && result == PARAMETER_READ; n++) {
		snprintf(section, sizeof(section), "%s*%d*", name, n);
		result = find_encoded(all, section, a, &charset);
		if (result != PARAMETER_NONE)
			continue;
		snprintf(section, sizeof(section), "%s*%d", name, n);
		result = find_plain(all, section, a);
	}
	if (result == PARAMETER_READ)
		return PARAMETER_TOO_LONG;
	return result == PARAMETER_NONE && n > 1 ? PARAMETER_READ : result;
}

enum parameter_result
parameter_find(struct text all, const char *name, char *to, size_t size,
    struct text *ret)
{
	struct assembly		a = { to, size, 0, false };
	enum charset		charset = CHARSET_NONE;
	enum parameter_result	result;
	char			encoded[NAME_BYTES];

	snprintf(encoded, sizeof(encoded), "%s*", name);
	result = find_encoded(all, encoded, &a, &charset);
	if (result == PARAMETER_NONE)
		result = find_sections(all, name, &a);
	if (result == PARAMETER_READ)
		repair(&a);
	else if (result == PARAMETER_NONE)
		result = find_unencoded(all, name, &a);
	*ret = (struct text){ a.to, a.len };
	return result == PARAMETER_READ && a.is_full ? PARAMETER_TOO_LONG :
	    result;
}
