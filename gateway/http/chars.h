/* Characters and blanks, as more than one grammar has them. */
#ifndef HTTP_CHARS_H
#define HTTP_CHARS_H

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

/* tchar, RFC 9110, 5.6.2 */
static inline bool
is_of_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Of a hexadecimal digit; -1: it is not one. */
static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Whether a text is this word, in any case. */
static inline bool
is_word(struct text t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.base, word, t.len) == 0;
}

/* The bytes of a text from an offset on. */
static inline struct text
rest_of(struct text t, size_t from)
{
	return (struct text){ t.base + from, t.len - from };
}

/* Without the blanks around it (OWS, RFC 9110, 5.6.3). */
static inline struct text
trim_blanks(struct text t)
{
	while (t.len > 0 && (t.base[0] == ' ' || t.base[0] == '\t')) {
		t.base++;
		t.len--;
	}
	while (t.len > 0 && (t.base[t.len - 1] == ' ' ||
	    t.base[t.len - 1] == '\t'))
		t.len--;
	return t;
}

#endif
