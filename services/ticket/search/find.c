/*
 * Finding tickets: words by reading the postings of the indices, phrases by
 * FTS5. FTS5 can find words as well, but not as fast.
 */
#include "services/ticket/search/find.h"

#include <stdlib.h>

#include "services/ticket/search/postings.h"
#include "services/ticket/search/reindex.h"
#include "services/ticket/ticket.h"

#define REPLIES_MOST	(1 << 28)	/* a byte for each, in find_words() */

/* --- words --------------------------------------------------------------- */

/*
 * A search for words in the texts of one index, one word after the other. A
 * text is found when it has all of them: `hits` counts, by text, those words
 * before this one that it has.
 */
struct word_search {
	struct found		*found;
	bool			 replies;
	uint8_t			*hits;		/* NULL: only one word */
	uint32_t		*scores;	/* by text; NULL: not wanted */
	size_t			 texts;		/* elements of these arrays */
	size_t			 word;		/* number of this one ... */
	size_t			 words;		/* ... and how many there are */
	bool			 any;		/* a text has this word */
};

/*
 * The score of a text for a word: each occurrence adds less than the one
 * before, as in BM25. One in a title counts as four; replies have half the
 * score.
 */
static uint32_t
score_of(const struct word_search *s, unsigned first, unsigned others)
{
	uint32_t	many = s->replies ? first : 4 * first + others;
	uint32_t	score = (many << 20) / (many + 1);

	return s->replies ? score / 2 : score;
}

static posting	take_posting;

static void
take_posting(void *arg, int64_t row, unsigned first, unsigned others)
{
	struct word_search	*s = arg;
	struct found		*found = s->found;
	size_t			 place = found_place(found, s->replies ?
				    row >> 32 : row), text = place;
	uint32_t		 score = 0;

	if (place >= found->count)
		return;
	if (s->replies)
		text = (size_t)(row & UINT32_MAX);
	if (found->scores != NULL)
		score = score_of(s, first, others);
	s->any = true;
	if (s->hits != NULL) {
		if (text >= s->texts || s->hits[text] != s->word)
			return;
		s->hits[text]++;
		if (s->scores != NULL)
			score = s->scores[text] += score;
	}
	if (s->word == s->words - 1)
		found_add(found, place, score);
}

static enum err
search_index(struct call *c, const struct query *q, struct word_search *s,
    const struct postings_of *of)
{
	bool		scored = s->found->scores != NULL;
	enum err	e = OK;

	s->any = true;
	s->words = q->count;
	if (q->count > 1) {
		s->hits = must_alloc(s->texts);
		if (scored)
			s->scores = must_alloc(s->texts *
			    sizeof(s->scores[0]));
	}
	for (size_t i = 0; i < q->count && s->any && e == OK; i++) {
		const struct word	*w = &q->words[i];

		s->any = false;
		s->word = i;
		e = postings_read(c, of, (struct text){ q->tokens.base +
		    w->at, w->len }, w->prefix, scored, take_posting, s);
	}
	free(s->hits);
	free(s->scores);
	return e;
}

/* One more than the highest id of a reply. */
static enum err
count_replies(struct call *c, size_t *ret)
{
	struct stmt	st = op_stmt(c, SQL_REPLY_LAST);

	if (stmt_next(&st))
		*ret = (size_t)stmt_number(&st, 0) + 1;
	return op_end(c, &st, OK);
}

static enum err
find_words(struct call *c, const struct query *q, struct found *found,
    size_t replies)
{
	static const struct postings_of	tickets = { SQL_TICKET_TEXT_BLOCK,
					    SQL_TICKET_TEXT_PAGE };
	static const struct postings_of	posts = { SQL_REPLY_TEXT_BLOCK,
					    SQL_REPLY_TEXT_PAGE };
	struct word_search	own = { .found = found,
				    .texts = found->count };
	struct word_search	others = { .found = found, .replies = true,
				    .texts = replies };
	enum err		e = search_index(c, q, &own, &tickets);

	return e != OK ? e : search_index(c, q, &others, &posts);
}

/* --- phrases ------------------------------------------------------------- */

/*
 * FTS5 does not count words, so all texts of a kind have the same score. Tickets
 * with rows of score 0 are taken out.
 */
static enum err
find_rows(struct call *c, int sql, const struct buf *match, uint32_t score,
    struct found *found)
{
	struct stmt	st = op_stmt(c, sql);
	size_t		place;

	stmt_bind_text(&st, KEY_MATCH, buf_text(match));
	while (stmt_next(&st) && !op_is_over(c)) {
		place = found_place(found, stmt_number(&st, 0));
		if (place < found->count && score > 0)
			found_add(found, place, score);
		else if (place < found->count)
			found->hits[place] = 0;
	}
	return op_end(c, &st, OK);
}

static enum err
find_phrases(struct call *c, const struct query *q, struct found *found)
{
	const struct buf	*form = &q->match.form;
	enum err		 e = find_rows(c, SQL_SEARCH_TICKETS, form, 2,
				    found);

	if (e == OK)
		e = find_rows(c, SQL_SEARCH_REPLIES, form, 1, found);
	if (e == OK && found->scores != NULL)
		e = find_rows(c, SQL_SEARCH_TITLES, form, 3, found);
	return e;
}

/*
 * Texts that only the index of the earlier form has. Its words may have the
 * form of today's, or another: it is asked for both.
 */
static enum err
find_earlier(struct call *c, const struct expression *x, uint32_t score,
    struct found *found)
{
	struct buf	match = { 0 };
	enum err	e;

	buf_printf(&match, "(%.*s) OR (%.*s)", (int)x->form.len,
	    x->form.base, (int)x->written.len, x->written.base);
	e = find_rows(c, SQL_SEARCH_EARLIER_TICKETS, &match, 2 * score, found);
	if (e == OK)
		e = find_rows(c, SQL_SEARCH_EARLIER_REPLIES, &match, score,
		    found);
	buf_done(&match);
	return e;
}

/* --- what is looked for, less what is excluded ------------------------------- */

static enum err
find_wanted(struct call *c, const struct query *q, struct found *found)
{
	size_t		replies = 0;
	enum err	e = count_replies(c, &replies);

	if (e == OK && found->passing)
		e = find_earlier(c, &q->match, 1, found);
	if (e != OK)
		return e;
	if (q->has_phrase || q->has_or || replies > REPLIES_MOST)
		return find_phrases(c, q, found);
	e = find_words(c, q, found, replies);
	/* FTS5 reads an index whose form postings.c does not know */
	return e != ERR_INTERNAL ? e : find_phrases(c, q, found);
}

/* A score of 0 excludes. */
static enum err
exclude(struct call *c, const struct query *q, struct found *found)
{
	const struct buf	*form = &q->excluded.form;
	enum err		 e = find_rows(c, SQL_SEARCH_TICKETS, form, 0,
				    found);

	if (e == OK)
		e = find_rows(c, SQL_SEARCH_REPLIES, form, 0, found);
	if (e == OK && found->passing)
		e = find_earlier(c, &q->excluded, 0, found);
	return e;
}

enum err
find_tickets(struct call *c, const struct query *q, bool scored,
    struct found *ret)
{
	enum err	e = found_make(c, scored, ret);
	size_t		place;

	if (e == OK)
		e = reindex_is_under_way(c, &ret->passing);
	if (e == OK && q->count > 0)
		e = find_wanted(c, q, ret);
	else if (e == OK)
		memset(ret->hits, 1, ret->count);
	if (e == OK && q->excluded.form.len > 0)
		e = exclude(c, q, ret);
	place = q->ticket == 0 ? ret->count : found_place(ret, q->ticket);
	if (e == OK && place < ret->count)
		found_add(ret, place, UINT32_MAX);
	return e;
}

/* --- in one ticket -------------------------------------------------------- */

static enum err
is_in_ticket(struct call *c, const struct expression *x, int64_t id, bool *ret)
{
	struct stmt	st = op_stmt(c, SQL_SEARCH_ONE);

	stmt_bind_text(&st, KEY_MATCH, buf_text(&x->form));
	stmt_bind_number(&st, KEY_ID, id);
	*ret = stmt_next(&st);
	return op_end(c, &st, OK);
}

enum err
find_in_ticket(struct call *c, const struct query *q, int64_t id, bool *ret)
{
	bool		excluded = false;
	enum err	e = OK;

	*ret = true;
	if (q->count > 0)
		e = is_in_ticket(c, &q->match, id, ret);
	if (e == OK && *ret && q->excluded.form.len > 0)
		e = is_in_ticket(c, &q->excluded, id, &excluded);
	*ret = (*ret && !excluded) || id == q->ticket;
	return e;
}
