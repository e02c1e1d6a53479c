/* Folded names. utf8proc has the tables of Unicode. */
#include "base/fold.h"

#include <utf8proc.h>

#include <stdlib.h>

#include "base/log.h"

#define FOLDING	(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | \
		    UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)

/* Beside what utf8proc ignores: controls, and a letter that shows nothing. */
static bool
is_invisible(utf8proc_int32_t c)
{
	return c == 0x2800 || (c >= 0xfff9 && c <= 0xfffb) ||
	    (utf8proc_category(c) == UTF8PROC_CATEGORY_CC &&
	    (c < '\t' || c > '\r'));
}

static bool
is_blank(utf8proc_int32_t c)
{
	utf8proc_category_t	of = utf8proc_category(c);

	return (c >= '\t' && c <= '\r') || of == UTF8PROC_CATEGORY_ZS ||
	    of == UTF8PROC_CATEGORY_ZL || of == UTF8PROC_CATEGORY_ZP;
}

/* Copy what can be seen; runs of blanks become one. False: it is not UTF-8. */
static bool
put_visible(struct buf *b, struct text t)
{
	const utf8proc_uint8_t	*at = (const utf8proc_uint8_t *)t.base;
	utf8proc_ssize_t	 left = (utf8proc_ssize_t)t.len, n;
	utf8proc_int32_t	 c;
	bool			 blank = false;

	for (; left > 0; at += n, left -= n) {
		n = utf8proc_iterate(at, left, &c);
		if (n <= 0)
			return false;
		if (is_invisible(c))
			continue;
		if (is_blank(c)) {
			blank = b->len > 0;
			continue;
		}
		if (blank)
			buf_put_byte(b, ' ');
		blank = false;
		buf_put(b, at, (size_t)n);
	}
	return true;
}

/* What utf8proc makes of a text; the caller frees it. */
static struct text
map(struct text t)
{
	utf8proc_uint8_t	*made = NULL;
	utf8proc_ssize_t	 len = utf8proc_map((const utf8proc_uint8_t *)
				    t.base, (utf8proc_ssize_t)t.len, &made,
				    FOLDING);

	CHECK(len >= 0);	/* it was UTF-8, and there is memory */
	return (struct text){ (const char *)made, (size_t)len };
}

/* Whether a text is of letters, digits and signs of ASCII, as most names are. */
static bool
is_plain(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.base[i] <= ' ' || t.base[i] >= 0x7f)
			return false;
	return true;
}

/* The same form as utf8proc makes of it. */
static void
put_plain(struct buf *b, struct text t)
{
	size_t	at = b->len;

	buf_put(b, t.base, t.len);
	for (; at < b->len; at++)
		if (b->base[at] >= 'A' && b->base[at] <= 'Z')
			b->base[at] += 'a' - 'A';
}

/*
 * Blanks are joined before and after: some characters become ones with a blank,
 * and others between two blanks become nothing.
 */
void
fold_put(struct buf *b, struct text t)
{
	struct buf	seen = { 0 }, again = { 0 };
	struct text	made;

	if (is_plain(t)) {
		put_plain(b, t);
	} else if (!put_visible(&seen, t)) {
		buf_put(b, t.base, t.len);
	} else if (seen.len > 0) {
		made = map(buf_text(&seen));
		(void)put_visible(&again, made);
		free((void *)(uintptr_t)made.base);
		buf_put(b, again.base, again.len);
	}
	buf_done(&seen);
	buf_done(&again);
}
