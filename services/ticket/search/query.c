/* Parsing queries. */
#include "services/ticket/search/query.h"

#include "base/words.h"

/* The words of one word or phrase of a client. */
struct phrase {
	struct query	*query;
	size_t		 count;		/* of its words */
	enum word_kind	 last;		/* the kind of its last word */
	bool		 full;		/* the query has no room for more */
};

static word_take	add_query_word;

static bool
add_query_word(void *arg, const struct word_cut *w)
{
	struct phrase	*p = arg;
	struct query	*q = p->query;

	p->full = q->count == WORDS_MOST;
	if (p->full)
		return false;
	q->words[q->count++] = (struct word){ q->tokens.len, w->form.len,
	    .follows = p->count++ > 0, .pair = w->kind == WORD_PAIR };
	buf_put(&q->tokens, w->form.base, w->form.len);
	p->last = w->kind;
	return true;
}

/*
 * A run that is at the end of the phrase may go on in a text: its pairs are
 * wanted, but not its end. Whether the last word stands for all with it.
 */
static bool
open_end(struct phrase *p)
{
	struct query	*q = p->query;

	if (p->last == WORD_LAST) {
		q->tokens.len -= q->words[--q->count].len;
		p->count--;
	}
	return p->last == WORD_LONE;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

static void
skip_bytes(struct text *t, size_t count)
{
	t->base += count;
	t->len -= count;
}

/* A word ends at a blank, a quotation mark or a star. */
static size_t
word_length(struct text t)
{
	size_t	len = 0;

	while (len < t.len && !is_blank(t.base[len]) && t.base[len] != '"' &&
	    t.base[len] != '*')
		len++;
	return len;
}

/* Take the next word, or phrase without its quotation marks. */
static const char *
take_phrase(struct text *left, struct text *ret)
{
	const char	*end;

	if (left->base[0] != '"') {
		*ret = (struct text){ left->base, word_length(*left) };
		skip_bytes(left, ret->len);
		return NULL;
	}
	skip_bytes(left, 1);
	end = memchr(left->base, '"', left->len);
	if (end == NULL)
		return "content: a quotation mark has no partner. Words in "
		    "a row are put between two of them: \"like this\".";
	*ret = (struct text){ left->base, (size_t)(end - left->base) };
	skip_bytes(left, ret->len + 1);
	return NULL;
}

static const char *
take_prefix_star(struct text *left, bool *ret)
{
	*ret = left->len > 0 && left->base[0] == '*';
	if (!*ret)
		return NULL;
	skip_bytes(left, 1);
	if (left->len == 0 || is_blank(left->base[0]))
		return NULL;
	return "content: a * stands for the rest of a word: it can only be "
	    "at its end, as in print*.";
}

static void
put_phrase(struct buf *b, struct text phrase, bool prefix)
{
	if (b->len > 0)
		buf_put_byte(b, ' ');
	buf_put_byte(b, '"');
	for (size_t i = 0; i < phrase.len; i++)
		buf_put_byte(b, phrase.base[i] == '\0' ? ' ' :
		    phrase.base[i]);
	buf_put_text(b, prefix ? "\"*" : "\"");
}

/* Whether the last word is a repetition of an earlier one. */
static bool
repeats_word(const struct query *q)
{
	const struct word	*last = &q->words[q->count - 1], *w = q->words;

	for (; w < last; w++)
		if (!w->follows && !w[1].follows && w->prefix == last->prefix &&
		    w->len == last->len && memcmp(q->tokens.base + w->at,
		    q->tokens.base + last->at, w->len) == 0)
			return true;
	return false;
}

/* The last words of the query are a phrase: in the form of the index. */
static void
put_form(struct query *q, size_t count, bool prefix)
{
	const struct word	*w = &q->words[q->count - count];
	struct buf		 phrase = { 0 };

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_put_byte(&phrase, ' ');
		buf_put(&phrase, q->tokens.base + w[i].at, w[i].len);
	}
	put_phrase(&q->form, buf_text(&phrase), prefix);
	buf_done(&phrase);
}

/* A phrase without words is left out, as is a repeated word. */
static const char *
add_phrase(struct text text, bool prefix, struct query *q)
{
	struct phrase	phrase = { .query = q };

	words_cut(text, add_query_word, &phrase);
	if (phrase.full)
		return "content: more than 32 words.";
	if (phrase.count == 0)
		return !prefix ? NULL : "content: a * needs the beginning of "
		    "a word before it, as in print*.";
	prefix = open_end(&phrase) || prefix;
	q->words[q->count - 1].prefix = prefix;
	if (phrase.count == 1 && repeats_word(q)) {
		q->count--;
		return NULL;
	}
	q->has_phrase = q->has_phrase || phrase.count > 1;
	put_phrase(&q->match, text, prefix);
	put_form(q, phrase.count, prefix);
	return NULL;
}

const char *
query_parse(struct text content, struct query *q)
{
	struct text	 left = content;
	const char	*wrong;
	struct text	 phrase;
	bool		 prefix = false;

	q->match.len = q->form.len = q->tokens.len = q->count = 0;
	q->has_phrase = false;
	for (;;) {
		while (left.len > 0 && is_blank(left.base[0]))
			skip_bytes(&left, 1);
		if (left.len == 0)
			break;
		wrong = take_phrase(&left, &phrase);
		if (wrong == NULL)
			wrong = take_prefix_star(&left, &prefix);
		if (wrong == NULL)
			wrong = add_phrase(phrase, prefix, q);
		if (wrong != NULL)
			return wrong;
	}
	return q->count > 0 ? NULL : "content: there is nothing to search "
	    "for. Give words, \"words in a row\" or the beginning of a "
	    "word*.";
}

void
query_done(struct query *q)
{
	buf_done(&q->match);
	buf_done(&q->form);
	buf_done(&q->tokens);
}
