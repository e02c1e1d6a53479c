/* Placeholders are found many bytes at a time. */
#include "gateway/reply/fragment.h"

#include "base/scan.h"

/* Prefixes are short: a call would take longer than copying them. */
static inline void
copy_prefix(char *to, const struct text *prefix)
{
	size_t	at = 0;

	if (prefix->len < 16) {
		memcpy(to, prefix->base, prefix->len);
		return;
	}
	for (; at + 16 < prefix->len; at += 16)
		memcpy(to + at, prefix->base + at, 16);
	at = prefix->len - 16;
	memcpy(to + at, prefix->base + at, 16);
}

void
fragment_put(struct buf *b, const struct exchange *x, struct text fragment)
{
	const struct text	*prefixes = x->worker->gateway->url_prefixes;
	const struct text	*prefix;
	const char		*p = fragment.base;
	size_t			 left = fragment.len, run;

	if (left == 0)
		return;
	/* prefixes make it longer, as a rule by an eighth at most */
	buf_reserve(b, left + left / 8);
	for (;; p += run + 1) {
		run = scan_copy_to_below(b->base + b->len, p, left,
		    PLACEHOLDER_END);
		b->len += run;
		if (run == left)
			return;
		prefix = &prefixes[(unsigned char)p[run]];
		left -= run + 1;
		buf_reserve(b, prefix->len + left);
		copy_prefix(b->base + b->len, prefix);
		b->len += prefix->len;
	}
}
