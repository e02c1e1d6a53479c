/* Marks are found many bytes at a time. */
#include "gateway/reply/fragment.h"

#include "base/scan.h"

/* Roots are short: a call would take longer than copying them. */
static inline void
copy_root(char *to, const struct text *root)
{
	size_t	at = 0;

	if (root->len < 16) {
		memcpy(to, root->base, root->len);
		return;
	}
	for (; at + 16 < root->len; at += 16)
		memcpy(to + at, root->base + at, 16);
	at = root->len - 16;
	memcpy(to + at, root->base + at, 16);
}

void
fragment_put(struct buf *b, const struct exchange *x, struct text fragment)
{
	const struct text	*roots = x->worker->gateway->roots, *root;
	const char		*p = fragment.base;
	size_t			 left = fragment.len, run;

	if (left == 0)
		return;
	/* roots make it longer, by an eighth at most as a rule */
	buf_reserve(b, left + left / 8);
	for (;; p += run + 1) {
		run = scan_copy_to_below(b->base + b->len, p, left, MARK_END);
		b->len += run;
		if (run == left)
			return;
		root = &roots[(unsigned char)p[run]];
		left -= run + 1;
		buf_reserve(b, root->len + left);
		copy_root(b->base + b->len, root);
		b->len += root->len;
	}
}
