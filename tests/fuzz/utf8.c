/* Texts of clients and imports: what is UTF-8, and what becomes of the rest. */
#include "fuzz.h"

#include <stdlib.h>

#include "tools/flicketctl/data/import/import_parts.h"

/* As text_characters(), one character after the other. */
static int64_t
model_characters(struct text t)
{
	const uint8_t	*p = (const uint8_t *)t.base;
	int64_t		 count = 0;
	uint32_t	 character;
	size_t		 step;

	for (size_t at = 0; at < t.len; at += step, count++) {
		step = model_character(p + at, t.len - at, &character);
		if (step == 0 || character == 0)
			return -1;
	}
	return count;
}

/* Whether some character begins with these bytes, fewer than it has. */
static bool
is_beginning(const uint8_t *p, size_t len)
{
	static const uint8_t	second[] = { 0x80, 0x90, 0xa0 };
	uint8_t			whole[4] = { 0, 0, 0x80, 0x80 };
	uint32_t		character;
	size_t			have;

	memcpy(whole, p, len);
	for (size_t i = 0; i < (len == 1 ? LEN(second) : 1); i++) {
		if (len == 1)
			whole[1] = second[i];
		have = model_character(whole, 4, &character);
		if (have > len)
			return true;
	}
	return false;
}

/*
 * What is good stays as it is; one U+FFFD stands for as much of a character
 * as there is, or for one byte (Unicode, 3.9, U+FFFD substitution of maximal
 * subparts).
 */
static void
put_model(struct buf *b, struct text t, size_t *ret_bad, size_t *ret_nul)
{
	const uint8_t	*p = (const uint8_t *)t.base;
	size_t		 at = 0, step;
	uint32_t	 character;

	for (*ret_bad = *ret_nul = 0; at < t.len; at += step) {
		step = model_character(p + at, t.len - at, &character);
		if (step != 0 && character == 0)
			(*ret_nul)++;
		else if (step != 0)
			buf_put(b, p + at, step);
		else {
			for (step = 1; step < 3 && at + step < t.len &&
			    is_beginning(p + at, step + 1); step++)
				continue;
			buf_put_text(b, "\xef\xbf\xbd");
			(*ret_bad)++;
		}
	}
}

static void
check_clean(struct text t, struct text clean, size_t bad, size_t nul)
{
	struct buf	want = { 0 };
	size_t		want_bad, want_nul;

	put_model(&want, t, &want_bad, &want_nul);
	CHECK(is_same(clean, (struct text){ want.base, want.len }));
	CHECK(bad == want_bad && nul == want_nul);
	buf_done(&want);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct text	t = { (const char *)data, len };
	char		*clean = must_alloc(len * 3 + 1), out[QUOTE_SIZE];
	size_t		 bad, nul, clean_len, counted;
	int64_t		 characters = text_characters(t);

	CHECK(characters == model_characters(t));
	counted = text_clean(t.base, len, NULL, &bad, &nul);
	clean_len = text_clean(t.base, len, clean, &bad, &nul);
	CHECK(counted == clean_len && clean_len <= len * 3);
	CHECK((bad == 0 && nul == 0) == (characters != -1));
	CHECK(text_characters((struct text){ clean, clean_len }) != -1);
	check_clean(t, (struct text){ clean, clean_len }, bad, nul);

	text_quote(out, t.base, len);
	CHECK(strlen(out) + 1 < QUOTE_SIZE && out[0] == '"');
	for (const char *p = out; *p != '\0'; p++)
		CHECK((unsigned char)*p >= ' ' && *p != 0x7f);
	CHECK(text_characters((struct text){ out, strlen(out) }) != -1);
	free(clean);
	return 0;
}
