/*
 * Texts as people write them to a help desk: few words are most of what is
 * said, the rest are names and numbers that hardly anybody else uses (a word
 * is the less frequent the later it is in its list, and the lists end in words
 * made of syllables); most texts are short, some are a pasted log.
 */
#include "tools/flicketctl/data/generate/generate_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WORDS_ALL	30000	/* different ones in a language */
#define FLAT		8.0	/* about so many are equally frequent */

static size_t
add_part(char *out, size_t len, const char *word)
{
	size_t	n = strlen(word);

	memcpy(out + len, word, n);
	return len + n;
}

static const char *
any(struct rng *r, const struct words *words)
{
	return words->list[rng_below(r, (int64_t)words->count)];
}

/* The word of a rank beyond the list: the same one every time. */
static size_t
add_rare(char *out, size_t len, uint64_t rank)
{
	const struct words	*s = &generate_syllables;

	do {
		len = add_part(out, len, s->list[rank % s->count]);
		rank /= s->count;
	} while (rank > 0);
	return len;
}

/* Words that are in no dictionary: machines, errors, addresses. */
static size_t
add_name(struct rng *r, char *out, size_t len)
{
	static const char *const	formats[] = {
		"PC-%05u", "0x8007%04X", "srv%u.example.com", "INV-%u",
		"10.20.%u.7", "KB%u", "v4.%u", "#%u", "room %u" };
	unsigned			number;

	number = (unsigned)rng_below(r, 40000);
	return len + (size_t)snprintf(out + len, 32,
	    formats[rng_below(r, sizeof(formats) / sizeof(formats[0]))],
	    number);
}

/* Half of what is drawn is among the first hundreds. */
static uint64_t
draw_rank(struct rng *r)
{
	double	part = rng_part(r);

	return (uint64_t)(FLAT * exp(part * sqrt(part) *
	    log(WORDS_ALL / FLAT)) - FLAT);
}

static size_t
add_word(struct rng *r, const struct words *language, char *out, size_t len)
{
	uint64_t	rank;

	if (rng_below(r, 40) == 0)
		return add_name(r, out, len);
	rank = draw_rank(r);
	if (rank < language->count)
		return add_part(out, len, language->list[rank]);
	if (language->between[0] == '\0')	/* words are not parted */
		return add_part(out, len, any(r, language));
	return add_rare(out, len, rank);
}

static const struct words *
draw_language(struct rng *r)
{
	const struct words	*language = generate_languages;
	int64_t			 at = rng_below(r, 100);

	while ((at -= language->share) >= 0)
		language++;
	return language;
}

static void
capitalize(char *p)
{
	if (*p >= 'a' && *p <= 'z')
		*p = (char)(*p - 'a' + 'A');
}

/* Words with what belongs between and behind them, none beyond `most`. */
static size_t
add_sentence(struct rng *r, const struct words *language, int64_t words,
    char *out, size_t len, size_t most)
{
	size_t	start = len, end = len;

	for (int64_t i = 0; i < words; i++) {
		if (i > 0)
			len = add_part(out, len, language->between);
		len = add_word(r, language, out, len);
		if (len > most)
			break;
		end = len;
	}
	out[end] = '\0';
	capitalize(out + start);
	return end;
}

size_t
text_title(struct rng *r, char out[TEXT_SIZE])
{
	const struct words	*language = draw_language(r);
	size_t			 len;

	len = add_sentence(r, language, 3 + rng_below(r, 6), out, 0,
	    TITLE_BYTES - 8);
	if (rng_below(r, 40) == 0)
		len = add_part(out, add_part(out, len, " "), any(r, &generate_emoji));
	return len;
}

/* Half have fewer than `median`, one in a hundred ten times as many. */
static int64_t
draw_length(struct rng *r, int median)
{
	double	bell = rng_part(r) + rng_part(r) + rng_part(r) + rng_part(r) -
		    2;	/* deviates by 0.58 */

	return 3 + (int64_t)((median - 3) * exp(bell * 1.7));
}

size_t
text_content(struct rng *r, int median, char out[TEXT_SIZE])
{
	const struct words	*language = draw_language(r);
	int64_t			 left = draw_length(r, median), words;
	size_t			 len = 0, before;

	while (left > 0) {
		before = len;
		words = 4 + rng_below(r, 14);
		words = words < left ? words : left;
		len = add_sentence(r, language, words, out, len,
		    CONTENT_BYTES - 64);
		left -= words;
		if (len == before)
			break;
		len = add_part(out, len, language->end);
		if (rng_below(r, 60) == 0)
			len = add_part(out, add_part(out, len, " "),
			    any(r, &generate_emoji));
		if (left > 0)
			len = add_part(out, len, rng_below(r, 5) == 0 ? "\r\n\r\n" :
			    language->between);
	}
	return len;
}

size_t
text_name(struct rng *r, char out[TEXT_SIZE])
{
	size_t	len = add_part(out, 0, any(r, &generate_first_names));

	len = add_part(out, len, " ");
	return add_part(out, len, any(r, &generate_last_names));
}
