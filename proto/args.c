/* Arguments: copies and bounds. */
#include "args.h"

void
args_copy(struct args *to, const struct args *from, struct buf *buf)
{
	size_t	need = 0;

	to->present = from->present;
	for (unsigned k = 0; k < KEY_END; k++)
		if (args_has(from, (enum key)k) && key_info(k)->type != KEY_INT)
			need += from->value[k].text.len;
	/* all room at once: the texts must not move afterwards */
	buf_reserve(buf, need + 1);	/* an empty text has a place as well */
	for (unsigned k = 0; k < KEY_END; k++) {
		if (!args_has(from, (enum key)k))
			continue;
		to->value[k] = from->value[k];
		if (key_info(k)->type == KEY_INT)
			continue;
		to->value[k].text.base = buf->base + buf->len;
		buf_put(buf, from->value[k].text.base, from->value[k].text.len);
	}
}

/* The length in bytes of the UTF-8 sequence at p, 0 if there is none. */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
	static const struct { unsigned char mask, lead, lo, hi, len; } rows[] = {
		/* RFC 3629, section 4: lead byte, range of the second */
		{ 0xe0, 0xc0, 0x80, 0xbf, 2 }, { 0xff, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xff, 0xed, 0x80, 0x9f, 3 }, { 0xf0, 0xe0, 0x80, 0xbf, 3 },
		{ 0xff, 0xf0, 0x90, 0xbf, 4 }, { 0xff, 0xf4, 0x80, 0x8f, 4 },
		{ 0xfc, 0xf0, 0x80, 0xbf, 4 },
	};

	if (p[0] < 0x80)
		return p[0] != 0;
	if (p[0] < 0xc2)
		return 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((p[0] & rows[i].mask) != rows[i].lead)
			continue;
		if (left < rows[i].len || p[1] < rows[i].lo || p[1] > rows[i].hi)
			return 0;
		for (size_t j = 2; j < rows[i].len; j++)
			if ((p[j] & 0xc0) != 0x80)
				return 0;
		return rows[i].len;
	}
	return 0;
}

int64_t
text_characters(struct text t)
{
	const unsigned char	*p = (const unsigned char *)t.base;
	size_t			 at = 0, len;
	int64_t			 count = 0;

	while (at < t.len) {
		len = utf8_length(p + at, t.len - at);
		if (len == 0)
			return -1;
		at += len;
		count++;
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
