/* Arguments: copies and bounds. */
#include "proto/args.h"

#include "base/scan.h"

void
args_copy(struct args *to, const struct args *from, struct buf *buf)
{
	keyset		keys = args_keys(from);
	size_t		need = 0;
	struct text	text;

	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1))
		if (key_info(k)->type != KEY_INT)
			need += args_text(from, k).len;
	/* all room at once: the texts must not move afterwards */
	buf_reserve(buf, need + 1);	/* an empty text has a place as well */
	args_clear(to);
	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		args_put(to, k, *args_value(from, k));
		if (key_info(k)->type == KEY_INT)
			continue;
		text = args_text(from, k);
		args_put_text(to, k, (struct text){ buf->base + buf->len,
		    text.len });
		buf_put(buf, text.base, text.len);
	}
}

/* A zero byte is no text: SQL and C would see its end there. */
int64_t
text_characters(struct text t)
{
	size_t	at = 0, len;
	int64_t	count = 0;

	for (; at < t.len; at += len, count++) {
		len = (unsigned char)t.base[at] < 0x80 ? t.base[at] != '\0' :
		    scan_character(t.base + at, t.len - at);
		if (len == 0)
			return -1;
	}
	return count;
}

bool
args_in_bounds(enum key key, const union value *v)
{
	const struct key_info	*info = key_info(key);
	int64_t			 size;

	switch (info->type) {
	case KEY_TEXT:
		size = text_characters(v->text);
		if (size == -1)
			return false;
		break;
	case KEY_BYTES:
		size = (int64_t)v->text.len;
		break;
	default:
		size = v->number;
	}
	if (info->least == 0 && info->most == 0)
		return true;
	return size >= info->least &&
	    (info->most == 0 || size <= info->most);
}
