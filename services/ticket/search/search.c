/* Searches in the texts of tickets and replies. */
#include "services/ticket/search/search.h"

#include <stdlib.h>

#include "base/log.h"
#include "services/ticket/search/postings.h"
#include "services/ticket/search/query.h"
#include "services/ticket/search/snippet.h"
#include "services/ticket/ticket.h"

#define RANGE_MOST	(1 << 22)	/* of ids, to go by them */
#define REPLIES_MOST	(1 << 28)	/* a byte each, while words are met */
#define TOO_LONG	"content: this search takes longer than a search " \
			"may. Look for fewer or longer words, for longer " \
			"beginnings of words, or for a phrase of rarer words."

/* A search that was done, and of what. */
struct search_result {
	struct found	found;
	struct buf	match;
	int64_t		stream;
	int64_t		seq;		/* of the last change in it */
	uint64_t	used;		/* when, in uses */
};

/* --- the last results ----------------------------------------------------- */

static void
free_result(struct search_result *r)
{
	if (r == NULL)
		return;
	free(r->found.hits);
	free(r->found.scores);
	free(r->found.ids);
	buf_done(&r->match);
	free(r);
}

void
searches_done(struct searches *s)
{
	for (int i = 0; i < RESULTS_MOST; i++)
		free_result(s->results[i]);
	query_done(&s->query);
	buf_done(&s->snippet);
	*s = (struct searches){ 0 };
}

static bool
is_of_now(const struct search_result *r, const struct columns *k)
{
	return r->stream == k->stream && r->seq == k->seq;
}

/* Whether a result answers the query of the search that runs. */
static bool
answers_query(const struct searches *s, const struct search_result *r,
    const struct columns *k, bool scored)
{
	const struct buf	*match = &s->query.match;

	return r != NULL && r->match.len == match->len &&
	    memcmp(r->match.base, match->base, match->len) == 0 &&
	    (r->found.scores != NULL || !scored) &&
	    (r == s->taken || is_of_now(r, k));
}

static struct search_result *
find_result(const struct searches *s, const struct columns *k, bool scored)
{
	if (answers_query(s, s->taken, k, scored))
		return s->taken;
	for (int i = 0; i < RESULTS_MOST; i++)
		if (answers_query(s, s->results[i], k, scored))
			return s->results[i];
	return NULL;
}

/* In the place of the least recently used one. */
static void
keep_result(struct searches *s, struct search_result *r)
{
	struct search_result	**place = &s->results[0];

	for (int i = 1; i < RESULTS_MOST && *place != NULL; i++)
		if (s->results[i] == NULL ||
		    s->results[i]->used < (*place)->used)
			place = &s->results[i];
	free_result(*place);
	*place = r;
	r->used = ++s->uses;
}

void
search_unmake(void *made)
{
	free_result(made);
}

void
search_take(struct searches *s, struct call *c)
{
	s->taken = c->made;
	c->made = NULL;
	if (s->taken != NULL)
		keep_result(s, s->taken);
}

/* --- places -------------------------------------------------------------- */

static enum err
read_bounds(struct call *c, int64_t *ret_first, int64_t *ret_last)
{
	sqlite3_stmt	*st = op_statement(c, SQL_TICKET_BOUNDS);
	enum err	 e, done;

	*ret_first = 0;
	*ret_last = -1;
	if (op_step(c, st, &e) == SQLITE_ROW &&
	    sqlite3_column_type(st, 0) != SQLITE_NULL) {
		*ret_first = sqlite3_column_int64(st, 0);
		*ret_last = sqlite3_column_int64(st, 1);
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
read_ids(struct call *c, struct found *found)
{
	sqlite3_stmt	*st = op_statement(c, SQL_TICKET_IDS);
	struct buf	 ids = { 0 };
	int64_t		 id;
	enum err	 e, done;

	while (op_step(c, st, &e) == SQLITE_ROW) {
		id = sqlite3_column_int64(st, 0);
		buf_put(&ids, &id, sizeof(id));
	}
	done = op_done(c, st);
	buf_reserve(&ids, sizeof(id));	/* none is not by id */
	found->ids = (int64_t *)(void *)ids.base;
	found->count = ids.len / sizeof(id);
	return e != OK ? e : done;
}

static enum err
make_places(struct call *c, bool scored, struct found *found)
{
	int64_t		last = 0;
	enum err	e = read_bounds(c, &found->first, &last);
	uint64_t	range = (uint64_t)last - (uint64_t)found->first + 1;

	if (e == OK && range > RANGE_MOST)
		e = read_ids(c, found);
	else
		found->count = (size_t)range;
	found->hits = must_alloc(found->count + 1);
	if (scored)
		found->scores = must_alloc((found->count + 1) *
		    sizeof(found->scores[0]));
	return e;
}

/* Whoever asks goes through them in order, as a rule: so near the last one. */
size_t
found_place_of(const struct found *found, int64_t id)
{
	static _Thread_local size_t	near;
	size_t				low = 0, high = found->count, at;

	for (at = near; at < found->count && at <= near + 1; at++)
		if (found->ids[at] == id)
			return near = at;
	while (low < high) {
		at = low + (high - low) / 2;
		if (found->ids[at] < id)
			low = at + 1;
		else
			high = at;
	}
	near = low;
	return low < found->count && found->ids[low] == id ? low :
	    found->count;
}

/* The place of a ticket; that there is one is not certain. */
static size_t
place_of(const struct found *found, int64_t id)
{
	return found->ids != NULL ? found_place_of(found, id) :
	    (size_t)((uint64_t)id - (uint64_t)found->first);
}

/* --- words --------------------------------------------------------------- */

/*
 * Looking for words in the texts of one index. A text is found when all of
 * them are in it: `hits` has how many of the words before this one are.
 */
struct look {
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
	size_t		 place = place_of(found, look->replies ? row >> 32 :
			    row), text = place;
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
find_words(struct call *c, const struct query *q, struct found *found,
    size_t replies)
{
	static const struct postings_of	tickets = { SQL_TICKET_TEXT_BLOCK,
					    SQL_TICKET_TEXT_PAGE };
	static const struct postings_of	posts = { SQL_REPLY_TEXT_BLOCK,
					    SQL_REPLY_TEXT_PAGE };
	struct look	own = { .found = found, .texts = found->count };
	struct look	others = { .found = found, .replies = true,
			    .texts = replies };
	enum err	e = look_for_words(c, q, &own, &tickets);

	return e != OK ? e : look_for_words(c, q, &others, &posts);
}

/* --- phrases ------------------------------------------------------------- */

/* As FTS5 finds them; all of one kind of text are as good. */
static enum err
find_rows(struct call *c, int sql, uint32_t score, struct found *found)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e, done;
	size_t		 place;

	while (op_step(c, st, &e) == SQLITE_ROW && !op_is_over(c)) {
		place = place_of(found, sqlite3_column_int64(st, 0));
		if (place < found->count)
			find_ticket(found, place, score);
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
find_phrases(struct call *c, const struct query *q, struct found *found)
{
	enum err	e;

	args_put_text(&c->request.args, KEY_MATCH,
	    (struct text){ q->match.base, q->match.len });
	e = find_rows(c, SQL_SEARCH_TICKETS, 2, found);
	if (e == OK)
		e = find_rows(c, SQL_SEARCH_REPLIES, 1, found);
	if (e == OK && found->scores != NULL)
		e = find_rows(c, SQL_SEARCH_TITLES, 3, found);
	return e;
}

/* --- searches ------------------------------------------------------------ */

static enum err
find(struct call *c, const struct query *q, bool scored, struct found *found)
{
	size_t		replies = 0;
	enum err	e = make_places(c, scored, found);

	if (e == OK)
		e = count_replies(c, &replies);
	if (e != OK)
		return e;
	if (q->has_phrase || replies > REPLIES_MOST)
		return find_phrases(c, q, found);
	e = find_words(c, q, found, replies);
	/* an index that only FTS5 can read: then it has to */
	return e != ERR_INTERNAL ? e : find_phrases(c, q, found);
}

/* Of which state of the store this is. */
static enum err
read_state(struct call *c, struct search_result *r)
{
	sqlite3_stmt	*st = op_statement(c, SQL_CHANGE_BOUNDS);
	enum err	 e, done;

	r->stream = c->lane->stream;
	if (op_step(c, st, &e) == SQLITE_ROW)
		r->seq = sqlite3_column_int64(st, 1);
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
make(struct call *c, const struct query *q, bool scored, struct search_result **ret)
{
	struct search_result	*r = must_alloc(sizeof(*r));
	enum err	 e = read_state(c, r);

	buf_put(&r->match, q->match.base, q->match.len);
	if (e == OK)
		e = find(c, q, scored, &r->found);
	if (e == OK && op_is_over(c))
		e = ERR_EXPIRED;
	*ret = r;
	if (e == OK)
		return OK;
	free_result(r);
	*ret = NULL;
	if (!c->lane->over)
		return e;
	(void)op_refuse(c, ERR_EXPIRED, TOO_LONG);
	return ERR_EXPIRED;
}

/* On a thread of its own: nothing here is the loop's. */
enum err
search_aside(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct text		 sort = args_text(args, KEY_SORT);
	struct query		 q = { .count = 0 };
	struct search_result	*r = NULL;
	const char		*wrong;
	enum err		 e;

	wrong = query_parse(c->lane->db, args_text(args, KEY_CONTENT), &q);
	e = wrong != NULL ? op_refuse(c, ERR_BAD_REQUEST, wrong) :
	    make(c, &q, sort.len == 9 && memcmp(sort.base, "relevance", 9) ==
	    0, &r);
	query_done(&q);
	c->made = r;
	return e;
}

enum err
search_run(struct searches *s, struct call *c, const struct columns *k,
    bool scored, struct found **ret)
{
	struct search_result	*r;
	const char		*wrong;
	enum err		 e;

	wrong = query_parse(c->lane->db,
	    args_text(&c->request.args, KEY_CONTENT), &s->query);
	if (wrong != NULL)
		return op_refuse(c, ERR_BAD_REQUEST, wrong);
	r = find_result(s, k, scored);
	if (r == NULL && c->lane->may_put_aside)
		return op_put_aside(c);
	if (r == NULL) {
		e = make(c, &s->query, scored, &r);
		if (e != OK)
			return e;
		keep_result(s, r);
	}
	c->passing = !is_of_now(r, k);
	r->used = ++s->uses;
	*ret = &r->found;
	return OK;
}

enum err
search_show(struct searches *s, struct call *c, int64_t ticket_id)
{
	struct args	*args = &c->request.args;
	sqlite3_stmt	*st;
	enum err	 e, done;

	args_remove(args, KEY_DATA);
	args_put_number(args, KEY_ID, ticket_id);
	st = op_statement(c, SQL_TICKET_TEXTS);
	s->snippet.len = 0;
	if (op_step(c, st, &e) == SQLITE_ROW && snippet_put(&s->snippet,
	    c->lane->db, &s->query, column_text(st, 0), column_text(st, 1)))
		args_put_text(args, KEY_DATA, (struct text){ s->snippet.base,
		    s->snippet.len });
	done = op_done(c, st);
	return e != OK ? e : done;
}
