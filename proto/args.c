/* Arguments: removal, copies, bounds. */
#include "proto/args.h"

#include <stdio.h>

#include "base/line.h"
#include "base/number.h"
#include "base/scan.h"

/* The last one takes the place of the i-th. */
static void
remove_at(struct args *a, unsigned i)
{
	keyset_remove(&a->present, (enum key)a->keys[i]);
	a->count--;
	a->keys[i] = a->keys[a->count];
	a->values[i] = a->values[a->count];
}

void
args_remove(struct args *a, enum key key)
{
	if (args_has(a, key))
		remove_at(a, args_index(a, key));
}

void
args_keep(struct args *a, keyset keys)
{
	if (keyset_is_within(a->present, keys))
		return;
	for (unsigned i = a->count; i > 0; i--)
		if (!keyset_has(keys, (enum key)a->keys[i - 1]))
			remove_at(a, i - 1);
}

void
args_merge(struct args *a, const struct args *with)
{
	keyset	keys = args_keys(with);

	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1))
		args_put(a, k, *args_value(with, k));
}

void
args_copy(struct args *to, const struct args *from, struct buf *buf)
{
	size_t		 need = 0;
	struct text	*text;

	*to = *from;
	for (unsigned i = 0; i < to->count; i++)
		if (key_info(to->keys[i])->type != KEY_INT)
			need += to->values[i].text.len;
	/* all room at once: the texts must not move afterwards */
	buf_reserve(buf, need + 1);	/* an empty text has a place as well */
	for (unsigned i = 0; i < to->count; i++) {
		if (key_info(to->keys[i])->type == KEY_INT)
			continue;
		text = &to->values[i].text;
		buf_put(buf, text->base, text->len);
		text->base = buf->base + buf->len - text->len;
	}
}

/* A zero byte is not allowed: SQL and C would see the end of the text there. */
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

/* How many whole numbers a JSON array has, without blanks; -1: it is none. */
static int64_t
count_ids(struct text t)
{
	int64_t		count = 0, id;
	struct text	left = { t.base + 1, t.len - 1 };

	if (t.len < 2 || t.base[0] != '[' || t.base[t.len - 1] != ']')
		return -1;
	for (; left.len > 0; count++) {
		if (left.base[0] == '-') {
			left.base++;
			left.len--;
		}
		if (number_take(&left, &id) != NUMBER_FITS || left.len == 0 ||
		    (left.base[0] != ',' && (left.base[0] != ']' ||
		    left.len > 1)))
			return -1;
		left.base++;
		left.len--;
	}
	return count;
}

bool
args_in_bounds(enum key key, const union value *v)
{
	const struct key_info	*info = key_info(key);
	int64_t			 size;
	uint32_t		 at;

	switch (info->type) {
	case KEY_TEXT:
		size = info->form == FORM_IDS ? count_ids(v->text) :
		    text_characters(v->text);
		if (size == -1)
			return false;
		break;
	case KEY_BYTES:
		size = (int64_t)v->text.len;
		break;
	default:
		size = v->number;
	}
	if (info->form == FORM_LINE && line_flaw(v->text, &at) != LINE_GOOD)
		return false;
	if (info->least == 0 && info->most == 0)
		return true;
	return size >= info->least &&
	    (info->most == 0 || size <= info->most);
}

/* The rule for lines that a text breaks; FAULT_NONE: it is a line. */
static enum fault_code
say_flaw(const char *name, struct text t, char *ret, size_t size)
{
	uint32_t	at;

	switch (line_flaw(t, &at)) {
	case LINE_CONTROL:
		snprintf(ret, size, "%s must be one line of text, without "
		    "control characters, this one has U+%04X.", name, at);
		return FAULT_BAD_CHARACTER;
	case LINE_BLANK:
		snprintf(ret, size, "%s must have a character that can be "
		    "seen.", name);
		return FAULT_EMPTY;
	case LINE_OPEN:
		snprintf(ret, size, "%s must end the change of direction that "
		    "U+%04X begins.", name, at);
		return FAULT_BAD_CHARACTER;
	case LINE_EDGE:
		snprintf(ret, size, "%s must not begin or end with a blank.",
		    name);
		return FAULT_BAD_CHARACTER;
	default:
		return FAULT_NONE;
	}
}

enum fault_code
args_say_misfit(enum key key, const char *name, struct text t, char *ret,
    size_t size)
{
	const struct key_info	*info = key_info(key);
	int64_t			 have = text_characters(t);
	enum fault_code		 code = FAULT_NONE;

	if (info->form == FORM_IDS) {
		snprintf(ret, size, "%s must be an array of %lld to %lld whole "
		    "numbers.", name, (long long)info->least,
		    (long long)info->most);
		return FAULT_INVALID;
	}
	if (have == -1) {
		snprintf(ret, size, "%s has a character that cannot be stored "
		    "(U+0000).", name);
		return FAULT_BAD_CHARACTER;
	}
	if (info->form == FORM_LINE)
		code = say_flaw(name, t, ret, size);
	if (code != FAULT_NONE)
		return code;
	snprintf(ret, size, "%s must be %lld to %lld characters long, this one "
	    "has %lld.", name, (long long)info->least, (long long)info->most,
	    (long long)have);
	return have < info->least ? FAULT_TOO_SHORT : FAULT_TOO_LONG;
}
