/*
 * A cursor is base64url of: a sum of what follows (4 bytes), the sort (1),
 * the id (8), the number (8), and the texts, each after its length (2).
 */
#include "services/ticket/list/cursor.h"

#include "base/hash.h"

#define SUM_BYTES	4	/* of a hash, to refuse changed cursors */
#define HEAD_BYTES	(SUM_BYTES + 1 + 8 + 8)
#define BYTES_MOST	(HEAD_BYTES + 2 * (2 + CURSOR_TEXT_MOST))

static const char	alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* --- base64url ----------------------------------------------------------- */

static void
put_base64(struct buf *b, const struct buf *bytes)
{
	uint32_t	bits = 0;
	int		count = 0;

	for (size_t i = 0; i < bytes->len; i++) {
		bits = bits << 8 | (unsigned char)bytes->base[i];
		for (count += 8; count >= 6; count -= 6)
			buf_put_byte(b, alphabet[bits >> (count - 6) & 63]);
	}
	if (count > 0)
		buf_put_byte(b, alphabet[bits << (6 - count) & 63]);
}

static bool
read_base64(struct text t, struct buf *ret)
{
	const char	*at;
	uint32_t	 bits = 0;
	int		 count = 0;

	for (size_t i = 0; i < t.len; i++) {
		at = t.base[i] == '\0' ? NULL : strchr(alphabet, t.base[i]);
		if (at == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		count += 6;
		if (count >= 8) {
			count -= 8;
			buf_put_byte(ret, (char)(bits >> count & 255));
		}
	}
	/* the bits that are left over are padding: less than a digit, all 0 */
	return count < 6 && (bits & ((1u << count) - 1)) == 0;
}

/* --- the fields ---------------------------------------------------------- */

static void
put_uint(struct buf *b, uint64_t n, int bytes)
{
	while (bytes-- > 0)
		buf_put_byte(b, (char)(n >> (8 * bytes) & 255));
}

static uint64_t
read_uint(const char *p, int bytes)
{
	uint64_t	n = 0;

	while (bytes-- > 0)
		n = n << 8 | (unsigned char)*p++;
	return n;
}

void
cursor_put(struct buf *b, const struct cursor *cursor)
{
	struct buf	fields = { 0 }, bytes = { 0 };
	size_t		len;

	put_uint(&fields, cursor->sort, 1);
	put_uint(&fields, (uint64_t)cursor->id, 8);
	put_uint(&fields, cursor->number, 8);
	for (int i = 0; i < 2; i++) {
		len = cursor->texts[i].len;
		if (len > CURSOR_TEXT_MOST)
			len = CURSOR_TEXT_MOST;
		put_uint(&fields, len, 2);
		buf_put(&fields, cursor->texts[i].base, len);
	}
	put_uint(&bytes, hash_bytes_32(fields.base, fields.len), SUM_BYTES);
	buf_put(&bytes, fields.base, fields.len);
	put_base64(b, &bytes);
	buf_done(&fields);
	buf_done(&bytes);
}

/* Both texts, which must end where the cursor does. */
static bool
read_texts(struct text left, struct cursor *ret)
{
	for (int i = 0; i < 2; i++) {
		struct text	*t = &ret->texts[i];

		if (left.len < 2)
			return false;
		t->len = (size_t)read_uint(left.base, 2);
		t->base = left.base + 2;
		if (t->len > left.len - 2)
			return false;
		left.base += 2 + t->len;
		left.len -= 2 + t->len;
	}
	return left.len == 0;
}

bool
cursor_read(struct text t, struct buf *bytes, struct cursor *ret)
{
	const char	*p;

	bytes->len = 0;
	if (t.len > (size_t)2 * BYTES_MOST || !read_base64(t, bytes) ||
	    bytes->len < HEAD_BYTES)
		return false;
	p = bytes->base;
	if (read_uint(p, SUM_BYTES) != hash_bytes_32(p + SUM_BYTES,
	    bytes->len - SUM_BYTES))
		return false;
	ret->sort = (uint8_t)p[SUM_BYTES];
	ret->id = (int64_t)read_uint(p + SUM_BYTES + 1, 8);
	ret->number = read_uint(p + SUM_BYTES + 9, 8);
	return read_texts((struct text){ p + HEAD_BYTES,
	    bytes->len - HEAD_BYTES }, ret);
}
