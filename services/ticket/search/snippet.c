/* Snippets: texts are cut into words, which are compared with the query's. */
#include "services/ticket/search/snippet.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/words.h"

#define SNIPPET_TOKENS	24

/* A word of a text. */
struct token {
	size_t		at;		/* in token_list.bytes */
	size_t		len;
	size_t		from, to;	/* in the text */
	uint64_t	has;		/* bits of the words that it is */
};

struct token_list {
	struct buf	 bytes;
	struct token	*list;
	size_t		 count;
	size_t		 room;
};

static word_take	add_token;

static bool
add_token(void *arg, const struct word_cut *w)
{
	struct token_list	*t = arg;
	size_t			 at = t->count == 0 ? 0 :
				    t->list[t->count - 1].to;

	if (t->count == t->room) {
		t->room = t->room * 2 + 256;
		t->list = realloc(t->list, t->room * sizeof(t->list[0]));
		CHECK(t->list != NULL);
	}
	/* two words may be of one character, as in "½" */
	t->list[t->count++] = (struct token){ t->bytes.len, w->form.len,
	    w->from > at ? w->from : at, w->to > at ? w->to : at, 0 };
	buf_put(&t->bytes, w->form.base, w->form.len);
	return true;
}

static bool
matches_word(const struct token_list *t, size_t at, const struct query *q,
    size_t word)
{
	const struct word	*w = &q->words[word];
	const struct token	*token = &t->list[at];

	return (w->prefix ? token->len >= w->len : token->len == w->len) &&
	    memcmp(t->bytes.base + token->at, q->tokens.base + w->at,
	    w->len) == 0;
}

/* The token with the place of this one: of those of one character the first. */
static struct token *
placed_token(struct token_list *t, size_t at)
{
	while (at > 0 && t->list[at].from == t->list[at].to)
		at--;
	return &t->list[at];
}

/* Mark a token. The place of a pair is its first character: also the next. */
static void
mark_word(struct token_list *t, const struct query *q, size_t at, size_t word)
{
	uint64_t	bit = UINT64_C(1) << word;

	placed_token(t, at)->has |= bit;
	if (q->words[word].pair && at + 1 < t->count)
		placed_token(t, at + 1)->has |= bit;
}

/* Mark the tokens of the phrase that begins with this word of the query. */
static void
find_phrase(struct token_list *t, const struct query *q, size_t first)
{
	size_t	len = 1, same;

	while (first + len < q->count && q->words[first + len].follows)
		len++;
	for (size_t at = 0; at + len <= t->count; at++) {
		for (same = 0; same < len; same++)
			if (!matches_word(t, at + same, q, first + same))
				break;
		for (size_t i = 0; same == len && i < len; i++)
			mark_word(t, q, at + i, first + i);
	}
}

/* Cut a text into tokens; return the bits of the query's words in it. */
static uint64_t
find_query(struct token_list *t, const struct query *q, struct text text)
{
	uint64_t	has = 0;

	words_cut(text, add_token, t);
	for (size_t i = 0; i < q->count; i++)
		if (!q->words[i].follows)
			find_phrase(t, q, i);
	for (size_t i = 0; i < t->count; i++)
		has |= t->list[i].has;
	return has;
}

/* The worth of a part: different words count more than repetitions. */
static unsigned
worth_of(const struct token_list *t, size_t from, size_t to)
{
	uint64_t	has = 0;
	unsigned	many = 0;

	for (size_t i = from; i < to; i++) {
		has |= t->list[i].has;
		many += t->list[i].has != 0;
	}
	return (unsigned)__builtin_popcountll(has) * SNIPPET_TOKENS + many;
}

/* Where the best part begins, with some text before the first word. */
static size_t
choose_part(const struct token_list *t, unsigned *ret_worth)
{
	size_t		best = 0, from;
	unsigned	is;

	*ret_worth = 0;
	for (size_t i = 0; i < t->count; i++) {
		if (t->list[i].has == 0)
			continue;
		from = i < SNIPPET_TOKENS / 4 ? 0 : i - SNIPPET_TOKENS / 4;
		is = worth_of(t, from, from + SNIPPET_TOKENS < t->count ?
		    from + SNIPPET_TOKENS : t->count);
		if (is > *ret_worth) {
			*ret_worth = is;
			best = from;
		}
	}
	return best;
}

static void
put_html(struct buf *b, const char *p, size_t len)
{
	for (; len-- > 0; p++)
		switch (*p) {
		case '&':
			buf_put_text(b, "&amp;");
			break;
		case '<':
			buf_put_text(b, "&lt;");
			break;
		case '>':
			buf_put_text(b, "&gt;");
			break;
		case '"':
			buf_put_text(b, "&quot;");
			break;
		default:
			buf_put_byte(b, *p);
		}
}

/* Put tokens and the text between them; marks of adjacent words are one. */
static void
put_part(struct buf *b, const struct token_list *t, struct text text,
    size_t first)
{
	size_t	end = first + SNIPPET_TOKENS, at, stop;
	bool	marked = false, mark;

	if (end > t->count)
		end = t->count;
	at = first == 0 ? 0 : t->list[first].from;
	if (first > 0)
		buf_put_text(b, "\u2026");
	for (size_t i = first; i < end; i++) {
		mark = t->list[i].has != 0;
		if (marked && !mark)
			buf_put_text(b, "</mark>");
		put_html(b, text.base + at, t->list[i].from - at);
		if (mark && !marked)
			buf_put_text(b, "<mark>");
		marked = mark;
		at = t->list[i].to;
		put_html(b, text.base + t->list[i].from,
		    at - t->list[i].from);
	}
	if (marked)
		buf_put_text(b, "</mark>");
	stop = end == t->count ? text.len : at;
	put_html(b, text.base + at, stop - at);
	if (end < t->count)
		buf_put_text(b, "\u2026");
}

/* Whether there is a word of each group. */
static bool
has_all(const struct query *q, uint64_t has)
{
	uint64_t	group = 0;

	for (size_t i = 0; i < q->count; i++) {
		group |= has & UINT64_C(1) << i;
		if (i + 1 < q->count && q->words[i + 1].group ==
		    q->words[i].group)
			continue;
		if (group == 0)
			return false;
		group = 0;
	}
	return q->count > 0;
}

bool
snippet_put(struct buf *b, const struct query *q, struct text title,
    struct text content)
{
	struct token_list	in_title = { { 0 } }, in_content = { { 0 } };
	uint64_t	has = find_query(&in_title, q, title) |
			    find_query(&in_content, q, content);
	unsigned	title_worth, content_worth;
	size_t		title_at = choose_part(&in_title, &title_worth);
	size_t		content_at = choose_part(&in_content, &content_worth);

	if (has_all(q, has) && content_worth >= title_worth)
		put_part(b, &in_content, content, content_at);
	else if (has_all(q, has))
		put_part(b, &in_title, title, title_at);
	buf_done(&in_title.bytes);
	buf_done(&in_content.bytes);
	free(in_title.list);
	free(in_content.list);
	return has_all(q, has);
}
