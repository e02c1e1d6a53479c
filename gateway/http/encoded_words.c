/* Encoded words. */
#include "gateway/http/encoded_words.h"

#include <sodium.h>

#include "gateway/http/chars.h"

#define MOST_BYTES	1024	/* of a word, decoded */

/* What is put together; it has room for `size` bytes. */
struct decoded {
	char	*to;
	size_t	 size, len;
};

/* Take what comes before a question mark. */
static bool
take_field(struct text *left, struct text *ret)
{
	const char	*end = memchr(left->base, '?', left->len);

	if (end == NULL)
		return false;
	*ret = (struct text){ left->base, (size_t)(end - left->base) };
	*left = rest_of(*left, ret->len + 1);
	return true;
}

/* Append a byte of a charset as UTF-8. */
static bool
put_byte(struct decoded *d, unsigned char c, bool is_latin)
{
	size_t	len = is_latin && c >= 0x80 ? 2 : 1;

	if (d->size - d->len < len)
		return false;
	if (len == 2)
		d->to[d->len++] = (char)(0xc0 | c >> 6);
	d->to[d->len++] = len == 2 ? (char)(0x80 | (c & 0x3f)) : (char)c;
	return true;
}

static bool
put_base64(struct decoded *d, struct text t, bool is_latin)
{
	unsigned char	bytes[MOST_BYTES];
	size_t		len;

	if (sodium_base642bin(bytes, sizeof(bytes), t.base, t.len, NULL, &len,
	    NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!put_byte(d, bytes[i], is_latin))
			return false;
	return true;
}

/* Like quoted-printable, with _ for a blank. */
static bool
put_quoted(struct decoded *d, struct text t, bool is_latin)
{
	int	high, low, byte;
	size_t	len;

	for (; t.len > 0; t = rest_of(t, len)) {
		len = t.base[0] == '=' ? 3 : 1;
		byte = t.base[0] == '_' ? ' ' : (unsigned char)t.base[0];
		if (len == 3) {
			high = t.len > 2 ? hex_value(t.base[1]) : -1;
			low = high != -1 ? hex_value(t.base[2]) : -1;
			if (low == -1)
				return false;
			byte = high << 4 | low;
		}
		if (!put_byte(d, (unsigned char)byte, is_latin))
			return false;
	}
	return true;
}

/* A charset may have a language behind it (RFC 2231, 5). */
static bool
read_charset(struct text t, bool *ret_is_latin)
{
	const char	*language = memchr(t.base, '*', t.len);

	if (language != NULL)
		t.len = (size_t)(language - t.base);
	*ret_is_latin = is_word(t, "iso-8859-1");
	return *ret_is_latin || is_word(t, "utf-8") || is_word(t, "us-ascii");
}

/* Take `=?charset?encoding?text?=` and decode it. */
static bool
take_word(struct text *left, struct decoded *d)
{
	struct text	charset, encoding, encoded;
	bool		is_latin;

	if (!text_begins(*left, TEXT_OF("=?")))
		return false;
	*left = rest_of(*left, 2);
	if (!take_field(left, &charset) || !take_field(left, &encoding) ||
	    !take_field(left, &encoded) || left->len == 0 ||
	    left->base[0] != '=' || !read_charset(charset, &is_latin))
		return false;
	*left = rest_of(*left, 1);
	if (is_word(encoding, "b"))
		return put_base64(d, encoded, is_latin);
	return is_word(encoding, "q") && put_quoted(d, encoded, is_latin);
}

bool
encoded_words_read(struct text t, char *to, size_t size, struct text *ret)
{
	struct decoded	d = { to, size, 0 };
	struct text	left = trim_blanks(t);

	if (left.len == 0)
		return false;
	for (; left.len > 0; left = trim_blanks(left))
		if (!take_word(&left, &d))
			return false;
	*ret = (struct text){ to, d.len };
	return true;
}
