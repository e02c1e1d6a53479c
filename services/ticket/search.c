/* Searches in the texts of tickets and replies. */
#include "search.h"

#include <stdlib.h>

#include "proto/log.h"
#include "postings.h"
#include "query.h"
#include "snippet.h"
#include "ticket.h"

#define KEPT_MOST	4
#define GAPS_MOST	(1 << 20)	/* between ids, to go by them */
#define REPLIES_MOST	(1 << 28)	/* a byte each, while words are met */

/* A search that was done, and of what. */
struct kept {
	struct found	found;
	struct buf	match;
	int64_t		stream;
	int64_t		seq;		/* of the columns at the time */
	uint64_t	generation;
	uint64_t	used;		/* when, in searches */
};

static struct kept	kept[KEPT_MOST];
static uint64_t		searches;
static struct query	query;		/* of the last search */
static struct buf	snippet;	/* that was shown last */

/* --- what is kept -------------------------------------------------------- */

static bool
is_of(const struct kept *one, const struct columns *k, const struct buf *match,
    bool scored)
{
	return one->found.hits != NULL && one->stream == k->stream &&
	    one->seq == k->seq && one->generation == k->generation &&
	    one->match.len == match->len &&
	    memcmp(one->match.base, match->base, match->len) == 0 &&
	    (one->found.scores != NULL || !scored);
}

static struct kept *
find_kept(const struct columns *k, const struct buf *match, bool scored)
{
	for (int i = 0; i < KEPT_MOST; i++)
		if (is_of(&kept[i], k, match, scored))
			return &kept[i];
	return NULL;
}

/* The place of the one that was not used for longest, emptied. */
static struct kept *
take_place(const struct columns *k, const struct buf *match)
{
	struct kept	*one = &kept[0];

	for (int i = 1; i < KEPT_MOST; i++)
		if (kept[i].used < one->used)
			one = &kept[i];
	free(one->found.hits);
	free(one->found.scores);
	one->found = (struct found){ 0 };
	one->match.len = 0;
	buf_put(&one->match, match->base, match->len);
	one->stream = k->stream;
	one->seq = k->seq;
	one->generation = k->generation;
	return one;
}

/* --- places -------------------------------------------------------------- */

static void
make_places(const struct columns *k, bool scored, struct found *found)
{
	uint64_t	range;

	found->count = k->count;
	found->by_id = false;
	if (k->count > 0) {
		found->first = k->slots[0].id;
		range = (uint64_t)k->slots[k->count - 1].id -
		    (uint64_t)found->first;
		if (range < k->count + GAPS_MOST) {
			found->by_id = true;
			found->count = (size_t)range + 1;
		}
	}
	found->hits = must_alloc(found->count + 1);
	if (scored)
		found->scores = must_alloc((found->count + 1) *
		    sizeof(found->scores[0]));
}

/* The place of a ticket; that there is one is not certain. */
static size_t
place_of(const struct found *found, const struct columns *k, int64_t id)
{
	const struct slot	*slot;

	if (found->by_id)
		return (size_t)((uint64_t)id - (uint64_t)found->first);
	slot = columns_find(k, id);
	return slot == NULL ? SIZE_MAX : (size_t)(slot - k->slots);
}

/* --- words --------------------------------------------------------------- */

/*
 * Looking for words in the texts of one index. A text is found when all of
 * them are in it: `hits` has how many of the words before this one are.
 */
struct look {
	const struct columns	*columns;
	struct found		*found;
	bool			 replies;
	uint8_t			*hits;		/* by text; NULL: one word */
	uint32_t		*scores;	/* by text; NULL: not asked */
	size_t			 texts;		/* their room */
	size_t			 word;		/* which of them ... */
	size_t			 words;		/* ... of so many */
	bool			 any;		/* it was in one of the texts */
};

static void
find_ticket(struct found *found, size_t place, uint32_t score)
{
	found->hits[place] = 1;
	if (found->scores != NULL && found->scores[place] < score)
		found->scores[place] = score;
}

/*
 * How well a word in a text speaks for it: more often is better, by ever
 * less, as in BM25. A title counts as four, a reply as half.
 */
static uint32_t
score_of(const struct look *look, unsigned first, unsigned others)
{
	uint32_t	many = look->replies ? first : 4 * first + others;
	uint32_t	score = (many << 20) / (many + 1);

	return look->replies ? score / 2 : score;
}

static posting	see;

static void
see(void *arg, int64_t row, unsigned first, unsigned others)
{
	struct look	*look = arg;
	struct found	*found = look->found;
	size_t		 place = place_of(found, look->columns,
			    look->replies ? row >> 32 : row), text = place;
	uint32_t	 score = 0;

	if (place >= found->count)
		return;
	if (look->replies)
		text = (size_t)(row & UINT32_MAX);
	if (found->scores != NULL)
		score = score_of(look, first, others);
	look->any = true;
	if (look->hits != NULL) {
		if (text >= look->texts || look->hits[text] != look->word)
			return;
		look->hits[text]++;
		if (look->scores != NULL)
			score = look->scores[text] += score;
	}
	if (look->word == look->words - 1)
		find_ticket(found, place, score);
}

static enum err
look_for_words(struct call *c, const struct query *q, struct look *look,
    const struct postings_of *of)
{
	enum err	e = OK;

	look->any = true;
	look->words = q->count;
	if (q->count > 1) {
		look->hits = must_alloc(look->texts);
		if (look->found->scores != NULL)
			look->scores = must_alloc(look->texts *
			    sizeof(look->scores[0]));
	}
	for (size_t i = 0; i < q->count && look->any && e == OK; i++) {
		const struct word	*w = &q->words[i];

		look->any = false;
		look->word = i;
		e = postings_read(c, of, (struct text){ q->tokens.base +
		    w->at, w->len }, w->prefix, look->found->scores != NULL,
		    see, look);
	}
	free(look->hits);
	free(look->scores);
	return e;
}

/* One more than the highest id of a reply. */
static enum err
count_replies(struct call *c, size_t *ret)
{
	sqlite3_stmt	*st = op_statement(c, SQL_REPLY_LAST);
	enum err	 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW)
		*ret = (size_t)sqlite3_column_int64(st, 0) + 1;
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
find_words(struct call *c, const struct columns *k, const struct query *q,
    struct found *found, size_t replies)
{
	static const struct postings_of	tickets = { SQL_TICKET_TEXT_BLOCK,
					    SQL_TICKET_TEXT_PAGE };
	static const struct postings_of	posts = { SQL_REPLY_TEXT_BLOCK,
					    SQL_REPLY_TEXT_PAGE };
	struct look	own = { .columns = k, .found = found,
			    .texts = found->count };
	struct look	others = { .columns = k, .found = found,
			    .replies = true, .texts = replies };
	enum err	e = look_for_words(c, q, &own, &tickets);

	return e != OK ? e : look_for_words(c, q, &others, &posts);
}

/* --- phrases ------------------------------------------------------------- */

/* As FTS5 finds them; all of one kind of text are as good. */
static enum err
find_rows(struct call *c, const struct columns *k, int sql, uint32_t score,
    struct found *found)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e, done;
	size_t		 place;

	while (op_step(c, st, &e) == SQLITE_ROW) {
		place = place_of(found, k, sqlite3_column_int64(st, 0));
		if (place < found->count)
			find_ticket(found, place, score);
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
find_phrases(struct call *c, const struct columns *k, const struct query *q,
    struct found *found)
{
	enum err	e;

	args_put_text(&c->request.args, KEY_MATCH,
	    (struct text){ q->match.base, q->match.len });
	e = find_rows(c, k, SQL_SEARCH_TICKETS, 2, found);
	if (e == OK)
		e = find_rows(c, k, SQL_SEARCH_REPLIES, 1, found);
	if (e == OK && found->scores != NULL)
		e = find_rows(c, k, SQL_SEARCH_TITLES, 3, found);
	return e;
}

/* --- searches ------------------------------------------------------------ */

static enum err
find(struct call *c, const struct columns *k, const struct query *q,
    bool scored, struct found *found)
{
	size_t		replies = 0;
	enum err	e = count_replies(c, &replies);

	make_places(k, scored, found);
	if (e != OK)
		return e;
	if (q->has_phrase || replies > REPLIES_MOST)
		return find_phrases(c, k, q, found);
	e = find_words(c, k, q, found, replies);
	/* an index that only FTS5 can read: then it has to */
	return e != ERR_INTERNAL ? e : find_phrases(c, k, q, found);
}

enum err
search_run(struct call *c, const struct columns *k, bool scored,
    const struct found **ret)
{
	struct args	*args = &c->request.args;
	const char	*wrong;
	struct kept	*one;
	enum err	 e;

	wrong = query_parse(c->lane->db, args_text(args, KEY_CONTENT), &query);
	if (wrong != NULL)
		return op_refuse(c, ERR_BAD_REQUEST, wrong);
	one = find_kept(k, &query.match, scored);
	if (one == NULL) {
		one = take_place(k, &query.match);
		e = find(c, k, &query, scored, &one->found);
		if (e != OK) {
			one->seq = -1;	/* of no columns */
			return e;
		}
	}
	one->used = ++searches;
	*ret = &one->found;
	return OK;
}

static struct text
column_text(sqlite3_stmt *st, int column)
{
	const char	*base = (const char *)sqlite3_column_text(st, column);

	return (struct text){ base, (size_t)sqlite3_column_bytes(st, column) };
}

enum err
search_show(struct call *c, int64_t ticket_id)
{
	struct args	*args = &c->request.args;
	sqlite3_stmt	*st;
	enum err	 e, done;

	args->present &= ~K(DATA);
	args_put_number(args, KEY_ID, ticket_id);
	st = op_statement(c, SQL_TICKET_TEXTS);
	snippet.len = 0;
	if (op_step(c, st, &e) == SQLITE_ROW && snippet_put(&snippet,
	    c->lane->db, &query, column_text(st, 0), column_text(st, 1)))
		args_put_text(args, KEY_DATA, (struct text){ snippet.base,
		    snippet.len });
	done = op_done(c, st);
	return e != OK ? e : done;
}
