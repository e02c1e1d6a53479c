/* Sets of bytes, and their encoding. */
#include "base/percent.h"

#include <stdbool.h>
#include <string.h>

static bool
is_alphanumeric(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

static bool
is_plain(unsigned char c, enum percent_part part)
{
	if (c <= ' ' || c >= 0x80)
		return false;
	switch (part) {
	case PERCENT_FORM:
		return is_alphanumeric(c) || strchr("-_.~", c) != NULL;
	case PERCENT_ATTR:
		return is_alphanumeric(c) ||
		    strchr("!#$&+-.^_`|~", c) != NULL;
	default:
		return strchr("\"<>\\^`{|}%#?", c) == NULL;
	}
}

void
percent_encode(struct buf *b, struct text t, enum percent_part part)
{
	static const char	hex[] = "0123456789ABCDEF";
	unsigned char		c;

	for (size_t i = 0; i < t.len; i++) {
		c = (unsigned char)t.base[i];
		if (is_plain(c, part))
			buf_put_byte(b, (char)c);
		else if (c == ' ' && part == PERCENT_FORM)
			buf_put_byte(b, '+');
		else {
			buf_put_byte(b, '%');
			buf_put_byte(b, hex[c >> 4]);
			buf_put_byte(b, hex[c & 15]);
		}
	}
}
