/*
 * The form of words: compatibility decomposition, full case folding, no accents.
 * utf8proc has the tables of Unicode.
 *
 * Signs that only help to read a text are dropped (accents, points, soft
 * hyphens); vowel signs of the scripts of India and South-East Asia are letters
 * to their readers and stay. Characters that are not assigned yet count as
 * letters, so that a later Unicode does not change the words of a text.
 */
#include "base/words.h"

#include <utf8proc.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FORM		1	/* counted up whenever words change */
#define PARTS_MOST	32	/* characters that one is decomposed into */

/* A character of the form, and the bytes of the text that it is of. */
struct unit {
	utf8proc_int32_t	 character;
	size_t			 from, to;
};

/* The word, or the run of pairs, that is being read. */
struct cutter {
	struct buf	 units;
	bool		 in_pairs;	/* it is a run */
	struct buf	 form;		/* of the word that is taken */
	word_take	*take;
	void		*arg;
	bool		 over;		/* no more words are wanted */
};

/* --- characters ------------------------------------------------------------ */

struct range {
	utf8proc_int32_t	first, last;
};

/* Marks that do not make another letter, in the order of Unicode. */
static const struct range accents[] = {
	{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05c7 },
	{ 0x0610, 0x061a }, { 0x064b, 0x065f }, { 0x0670, 0x0670 },
	{ 0x06d6, 0x06ed }, { 0x0711, 0x0711 }, { 0x0730, 0x074a },
	{ 0x07eb, 0x07f3 }, { 0x07fd, 0x07fd }, { 0x08ca, 0x08ff },
	{ 0x0951, 0x0954 }, { 0x135d, 0x135f }, { 0x1ab0, 0x1aff },
	{ 0x1cd0, 0x1cff }, { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff },
	{ 0x2cef, 0x2cf1 }, { 0x2de0, 0x2dff }, { 0x302a, 0x302f },
	{ 0xa66f, 0xa67d }, { 0xa69e, 0xa69f }, { 0xa8e0, 0xa8f1 },
	{ 0xfb1e, 0xfb1e }, { 0xfe20, 0xfe2f }
};

/* Scripts without blanks between words. */
static const struct range unspaced[] = {
	{ 0x0e01, 0x0e4e }, { 0x0e81, 0x0ece }, { 0x0edc, 0x0edf },
	{ 0x1000, 0x103f }, { 0x1050, 0x108f }, { 0x109a, 0x109f },
	{ 0x1780, 0x17d3 }, { 0x17d7, 0x17d7 }, { 0x17dc, 0x17dd },
	{ 0x3005, 0x3007 }, { 0x303b, 0x303b }, { 0x3041, 0x30ff },
	{ 0x3105, 0x312f }, { 0x31a0, 0x31bf }, { 0x31f0, 0x31ff },
	{ 0x3400, 0x4dbf }, { 0x4e00, 0x9fff }, { 0xa9e0, 0xa9ef },
	{ 0xa9fa, 0xa9fe }, { 0xaa60, 0xaa7f }, { 0xf900, 0xfaff },
	{ 0x1aff0, 0x1b16f }, { 0x20000, 0x3ffff }
};

/* Letters that Unicode does not decompose but that people write for others. */
static const struct {
	utf8proc_int32_t	 letter;
	const char		*as;
} letters[] = {
	{ 0x00e6, "ae" }, { 0x00f0, "d" }, { 0x00f8, "o" }, { 0x00fe, "th" },
	{ 0x0111, "d" }, { 0x0127, "h" }, { 0x0131, "i" }, { 0x0142, "l" },
	{ 0x0153, "oe" }, { 0x0167, "t" }, { 0x0237, "j" },
	/* Arabic letters of Persian and Urdu keyboards */
	{ 0x0649, "\u064a" }, { 0x06a9, "\u0643" }, { 0x06cc, "\u064a" },
};

static bool
is_within(const struct range *ranges, size_t count, utf8proc_int32_t c)
{
	size_t	low = 0, high = count, at;

	while (low < high) {
		at = (low + high) / 2;
		if (c > ranges[at].last)
			low = at + 1;
		else
			high = at;
	}
	return low < count && c >= ranges[low].first;
}

#define IS_WITHIN(ranges, c) \
	is_within(ranges, sizeof(ranges) / sizeof((ranges)[0]), c)

static const char *
find_letter(utf8proc_int32_t c)
{
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == c)
			return letters[i].as;
	return NULL;
}

/* --- words ------------------------------------------------------------------ */

static size_t
count_units(const struct cutter *k)
{
	return k->units.len / sizeof(struct unit);
}

static struct unit *
unit_at(const struct cutter *k, size_t at)
{
	return (struct unit *)(void *)k->units.base + at;
}

static void
put_character(struct buf *b, utf8proc_int32_t c)
{
	utf8proc_uint8_t	bytes[4];

	buf_put(b, bytes, (size_t)utf8proc_encode_char(c, bytes));
}

/* The syllable of two parts of a Korean one; 0: they do not make one. */
static utf8proc_int32_t
compose_hangul(utf8proc_int32_t a, utf8proc_int32_t b)
{
	if (a >= 0x1100 && a < 0x1113 && b >= 0x1161 && b < 0x1176)
		return 0xac00 + ((a - 0x1100) * 21 + (b - 0x1161)) * 28;
	if (a >= 0xac00 && a < 0xd7a4 && (a - 0xac00) % 28 == 0 &&
	    b > 0x11a7 && b < 0x11c3)
		return a + (b - 0x11a7);
	return 0;
}

static void
put_units(struct cutter *k, size_t from, size_t to)
{
	utf8proc_int32_t	c = unit_at(k, from)->character, next, both;

	for (size_t i = from + 1; i < to; i++) {
		next = unit_at(k, i)->character;
		both = compose_hangul(c, next);
		if (both == 0)
			put_character(&k->form, c);
		c = both != 0 ? both : next;
	}
	put_character(&k->form, c);
}

/* Take the word that the units up to `to` are; its place ends at `place_to`. */
static void
take_word(struct cutter *k, size_t from, size_t to, size_t place_to,
    enum word_kind kind)
{
	struct word_cut	w = { .from = unit_at(k, from)->from, .kind = kind };

	if (k->over)
		return;
	k->form.len = 0;
	put_units(k, from, to);
	for (size_t i = from; i < place_to; i++)
		if (unit_at(k, i)->to > w.to)
			w.to = unit_at(k, i)->to;
	w.form = buf_text(&k->form);
	k->over = !k->take(k->arg, &w);
}

/* Where the next character of a run begins: marks belong to that before them. */
static size_t
next_character(const struct cutter *k, size_t at, size_t count)
{
	for (at++; at < count; at++)
		if (!(utf8proc_category(unit_at(k, at)->character) >=
		    UTF8PROC_CATEGORY_MN &&
		    utf8proc_category(unit_at(k, at)->character) <=
		    UTF8PROC_CATEGORY_ME))
			break;
	return at;
}

static void
take_pairs(struct cutter *k)
{
	size_t		count = count_units(k), at = 0, next;
	enum word_kind	last = WORD_LONE;

	for (;;) {
		next = next_character(k, at, count);
		if (next == count)
			break;
		take_word(k, at, next_character(k, next, count), next,
		    WORD_PAIR);
		last = WORD_LAST;
		at = next;
	}
	take_word(k, at, count, count, last);
}

static void
end_word(struct cutter *k)
{
	size_t	count = count_units(k);

	if (count > 0 && k->in_pairs)
		take_pairs(k);
	else if (count > 0)
		take_word(k, 0, count, count, WORD_WHOLE);
	k->units.len = 0;
}

/* Append a character; marks on one letter are put in the order of Unicode. */
static void
add_unit(struct cutter *k, struct unit u)
{
	int	class = utf8proc_get_property(u.character)->combining_class;
	size_t	at = count_units(k);

	buf_put(&k->units, &u, sizeof(u));
	for (; class != 0 && at > 0 && utf8proc_get_property(
	    unit_at(k, at - 1)->character)->combining_class > class; at--)
		*unit_at(k, at) = *unit_at(k, at - 1);
	*unit_at(k, at) = u;
}

static void
add_letter(struct cutter *k, struct unit u, bool in_pairs)
{
	if (count_units(k) > 0 && k->in_pairs != in_pairs)
		end_word(k);
	k->in_pairs = in_pairs;
	add_unit(k, u);
}

static void
add_letters(struct cutter *k, struct unit u, const char *as)
{
	utf8proc_int32_t	c;
	utf8proc_ssize_t	len;

	for (; *as != '\0'; as += len) {
		len = utf8proc_iterate((const utf8proc_uint8_t *)as, -1, &c);
		u.character = c;
		add_letter(k, u, false);
	}
}

/* --- texts ------------------------------------------------------------------ */

/* An accent is dropped, but is part of the place of its letter. */
static bool
is_dropped(struct cutter *k, const struct unit *u)
{
	size_t			count = count_units(k);
	utf8proc_category_t	category;

	if (u->character == 0x0640)	/* it only makes an Arabic word longer */
		return true;
	if (!IS_WITHIN(accents, u->character))
		return false;
	category = utf8proc_category(u->character);
	if (category < UTF8PROC_CATEGORY_MN || category > UTF8PROC_CATEGORY_ME)
		return false;
	if (count > 0)
		unit_at(k, count - 1)->to = u->to;
	return true;
}

static void
add_folded(struct cutter *k, struct unit u)
{
	const char		*as = find_letter(u.character);
	utf8proc_category_t	 category = utf8proc_category(u.character);

	if (as != NULL)
		add_letters(k, u, as);
	else if (category >= UTF8PROC_CATEGORY_MN &&
	    category <= UTF8PROC_CATEGORY_ME && count_units(k) > 0)
		add_unit(k, u);
	else if (category <= UTF8PROC_CATEGORY_NO ||
	    category == UTF8PROC_CATEGORY_CO)
		add_letter(k, u, IS_WITHIN(unspaced, u.character));
	else
		end_word(k);
}

/* A character without its accents: fold its case. */
static void
fold_unit(struct cutter *k, struct unit u)
{
	utf8proc_int32_t	parts[PARTS_MOST];
	utf8proc_ssize_t	count;
	int			boundary = 0;

	if (is_dropped(k, &u))
		return;
	count = utf8proc_decompose_char(u.character, parts, PARTS_MOST,
	    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
	    UTF8PROC_IGNORE, &boundary);
	for (utf8proc_ssize_t i = 0; i < count && i < PARTS_MOST; i++) {
		u.character = parts[i];
		if (!is_dropped(k, &u))
			add_folded(k, u);
	}
}

/*
 * Accents go before the case is folded, as that makes a letter of one of them
 * (the iota below Greek vowels).
 */
static void
add_character(struct cutter *k, struct unit u)
{
	utf8proc_int32_t	parts[PARTS_MOST];
	utf8proc_ssize_t	count;
	int			boundary = 0;

	count = utf8proc_decompose_char(u.character, parts, PARTS_MOST,
	    UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE,
	    &boundary);
	for (utf8proc_ssize_t i = 0; i < count && i < PARTS_MOST; i++) {
		u.character = parts[i];
		fold_unit(k, u);
	}
}

static void
add_ascii(struct cutter *k, struct unit u)
{
	utf8proc_int32_t	c = u.character;

	if (c >= 'A' && c <= 'Z')
		u.character = c | 0x20;
	if ((u.character >= 'a' && u.character <= 'z') ||
	    (c >= '0' && c <= '9'))
		add_letter(k, u, false);
	else
		end_word(k);
}

void
words_cut(struct text t, word_take *take, void *arg)
{
	struct cutter		k = { .take = take, .arg = arg };
	struct unit		u;
	utf8proc_ssize_t	len;

	for (size_t at = 0; at < t.len && !k.over; at += (size_t)len) {
		len = utf8proc_iterate((const utf8proc_uint8_t *)t.base + at,
		    (utf8proc_ssize_t)(t.len - at), &u.character);
		u.from = at;
		u.to = at + (size_t)(len > 0 ? len : 1);
		if (len <= 0) {
			end_word(&k);
			len = 1;
		} else if (u.character < 0x80)
			add_ascii(&k, u);
		else
			add_character(&k, u);
	}
	end_word(&k);
	buf_done(&k.units);
	buf_done(&k.form);
}

static bool
put_word(void *arg, const struct word_cut *w)
{
	struct buf	*b = arg;

	if (b->len > 0)
		buf_put_byte(b, ' ');
	buf_put(b, w->form.base, w->form.len);
	return true;
}

void
words_put(struct buf *b, struct text t)
{
	words_cut(t, put_word, b);
}

/* utf8proc has other tables in other versions. */
const char *
words_form(void)
{
	static _Thread_local char	form[64];

	snprintf(form, sizeof(form), "%d, utf8proc %s, Unicode %s", FORM,
	    utf8proc_version(), utf8proc_unicode_version());
	return form;
}
