/* Blanks, control characters, and characters that cannot be seen. */
#include "base/line.h"

#include <stdbool.h>
#include <utf8proc.h>

#include "base/scan.h"

enum kind {
	SEEN,
	UNSEEN,
	BLANK,
	CONTROL,
	EMBEDS,		/* begins an embedding (UAX #9) */
	EMBEDDED,	/* ends it */
	ISOLATES,	/* the same of an isolate */
	ISOLATED
};

/*
 * Characters whose kind Unicode's properties do not tell. Overrides of the
 * direction count as control characters: they show a name backwards, and no
 * script needs them.
 */
static const struct { uint32_t first, last; enum kind kind; } exceptions[] = {
	{ 0xad, 0xad, BLANK },		/* the soft hyphen */
	{ 0x200b, 0x200b, BLANK },	/* blanks without width */
	{ 0x202a, 0x202b, EMBEDS },
	{ 0x202c, 0x202c, EMBEDDED },
	{ 0x202d, 0x202e, CONTROL },	/* overrides */
	{ 0x2060, 0x2060, BLANK },
	{ 0x2066, 0x2068, ISOLATES },
	{ 0x2069, 0x2069, ISOLATED },
	{ 0x2800, 0x2800, UNSEEN },	/* braille without a dot */
	{ 0xfeff, 0xfeff, BLANK },
	{ 0xfff9, 0xfffb, UNSEEN },	/* annotations */
};
#define EXCEPTIONS	(sizeof(exceptions) / sizeof(exceptions[0]))

static enum kind
kind_of(uint32_t c)
{
	const utf8proc_property_t	*property;

	if (c > ' ' && c < 0x7f)
		return SEEN;
	for (size_t i = 0; i < EXCEPTIONS && c >= exceptions[i].first; i++)
		if (c <= exceptions[i].last)
			return exceptions[i].kind;
	property = utf8proc_get_property((utf8proc_int32_t)c);
	switch (property->category) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return CONTROL;
	case UTF8PROC_CATEGORY_ZS:
		return BLANK;
	default:
		return property->ignorable ? UNSEEN : SEEN;
	}
}

/* Of the characters of white space, these are control characters, too. */
static bool
can_be_trimmed(uint32_t c)
{
	return kind_of(c) == BLANK || (c >= '\t' && c <= '\r') || c == 0x85 ||
	    c == 0x2028 || c == 0x2029;
}

/*
 * The first character of a text that has one; *ret_len gets its length. A byte
 * that is not UTF-8 is U+FFFD.
 */
static uint32_t
first_of(struct text t, size_t *ret_len)
{
	size_t	len = (unsigned char)t.base[0] < 0x80 ? 1 :
		    scan_character(t.base, t.len);

	*ret_len = len == 0 ? 1 : len;
	return len == 0 ? 0xfffd : scan_code_point(t.base, len);
}

/* The same of the last one; a byte behind the end of a character is no UTF-8. */
static uint32_t
last_of(struct text t, size_t *ret_len)
{
	size_t		at = t.len - 1;
	uint32_t	c;

	while (at > 0 && scan_continues(t.base[at]))
		at--;
	c = first_of((struct text){ t.base + at, t.len - at }, ret_len);
	if (at + *ret_len == t.len)
		return c;
	*ret_len = 1;
	return 0xfffd;
}

struct text
line_trim(struct text t)
{
	size_t	len;

	while (t.len > 0 && can_be_trimmed(first_of(t, &len))) {
		t.base += len;
		t.len -= len;
	}
	while (t.len > 0 && can_be_trimmed(last_of(t, &len)))
		t.len -= len;
	return t;
}

bool
line_shows(uint32_t c)
{
	return kind_of(c) == SEEN;
}

/* Changes of direction that a text has begun and not ended. */
struct open {
	size_t		embeddings, isolates;
	uint32_t	last;		/* the character that began the last */
};

static void
open_or_close(struct open *o, enum kind kind, uint32_t c)
{
	switch (kind) {
	case EMBEDS:
		o->embeddings++;
		o->last = c;
		break;
	case EMBEDDED:
		o->embeddings -= o->embeddings > 0;
		break;
	case ISOLATES:
		o->isolates++;
		o->last = c;
		break;
	case ISOLATED:
		o->isolates -= o->isolates > 0;
		break;
	default:
		break;
	}
}

enum line_flaw
line_flaw(struct text text, uint32_t *ret_at)
{
	struct text	t = text;
	struct open	open = { 0 };
	enum kind	kind;
	size_t		len;
	bool		seen = false;

	for (; t.len > 0; t.base += len, t.len -= len) {
		*ret_at = first_of(t, &len);
		kind = kind_of(*ret_at);
		if (kind == CONTROL)
			return LINE_CONTROL;
		open_or_close(&open, kind, *ret_at);
		seen = seen || kind == SEEN;
	}
	if (text.len > 0 && !seen)
		return LINE_BLANK;
	*ret_at = open.last;
	if (open.embeddings + open.isolates > 0)
		return LINE_OPEN;
	return line_trim(text).len == text.len ? LINE_GOOD : LINE_EDGE;
}
