/* Text from outside: made fit for our stores, and for a line of a report. */
#include "tools/flicketctl/data/import/import_parts.h"

#include <string.h>

#define SHOWN_BYTES	120	/* how much of a value a line shows */

/*
 * The length of the UTF-8 character at s. If it is not complete, the number of
 * bytes, at least 1, that one U+FFFD replaces.
 */
static size_t
utf8_read(const unsigned char *s, size_t left, bool *ret_good)
{
	unsigned char	least = 0x80, most = 0xbf;
	size_t		need = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;

	*ret_good = s[0] < 0x80;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 1;
	if (s[0] == 0xe0)
		least = 0xa0;	/* less would be a longer way to write it */
	else if (s[0] == 0xed)
		most = 0x9f;	/* more would be half a surrogate pair */
	else if (s[0] == 0xf0)
		least = 0x90;
	else if (s[0] == 0xf4)
		most = 0x8f;	/* the last character is U+10FFFF */
	for (size_t i = 1; i < need; i++) {
		if (i >= left || s[i] < least || s[i] > most)
			return i;
		least = 0x80;
		most = 0xbf;
	}
	*ret_good = true;
	return need;
}

size_t
text_clean(const char *text, size_t len, char *out, size_t *ret_bad,
    size_t *ret_nul)
{
	size_t	at = 0, out_len = 0, step;
	bool	good;

	for (*ret_bad = *ret_nul = 0; at < len; at += step) {
		step = utf8_read((const unsigned char *)text + at, len - at,
		    &good);
		if (text[at] == '\0') {
			(*ret_nul)++;
			continue;
		}
		if (out != NULL && good)
			memcpy(out + out_len, text + at, step);
		else if (out != NULL)
			memcpy(out + out_len, "\xef\xbf\xbd", 3);
		out_len += good ? step : 3;
		*ret_bad += !good;
	}
	return out_len;
}

/* U+0080 to U+009F, here as \xc2 and a byte, control terminals too. */
static bool
is_control(const unsigned char *s)
{
	return s[0] < ' ' || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

size_t
text_escape(char *out, const char *text, size_t len)
{
	char			*start = out;
	const unsigned char	*s = (const unsigned char *)text;
	size_t			 step, i;
	bool			 good;

	for (i = 0; i < len && i < SHOWN_BYTES; i += step) {
		step = utf8_read(s + i, len - i, &good);
		if (good && !is_control(s + i) && s[i] != '"')
			out = mempcpy(out, s + i, step);
		else
			for (size_t j = i; j < i + step; j++)
				out += sprintf(out, "\\x%02x", s[j]);
	}
	if (i < len)
		out = mempcpy(out, "...", 3);
	*out = '\0';
	return (size_t)(out - start);
}

const char *
text_quote(char out[QUOTE_SIZE], const char *text, size_t len)
{
	size_t	end = text_escape(out + 1, text, len) + 1;

	out[0] = out[end] = '"';
	out[end + 1] = '\0';
	return out;
}
