/* Parsing queries, and cutting texts into words. */
#include "services/ticket/search/query.h"

#include <sqlite3.h>

#include "base/log.h"

static fts5_api *
find_fts5(sqlite3 *db)
{
	fts5_api	*api = NULL;
	sqlite3_stmt	*st;

	CHECK(sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &st, NULL) ==
	    SQLITE_OK);
	sqlite3_bind_pointer(st, 1, &api, "fts5_api_ptr", NULL);
	sqlite3_step(st);
	sqlite3_finalize(st);
	CHECK(api != NULL);
	return api;
}

struct cutter {
	query_token	*take;
	void		*arg;
};

/* For xTokenize(), see sqlite.org/fts5.html. */
static int
pass_token(void *arg, int flags, const char *token, int len, int from, int to)
{
	const struct cutter	*cutter = arg;

	(void)flags;
	return cutter->take(cutter->arg, (struct text){ token, (size_t)len },
	    (size_t)from, (size_t)to) ? SQLITE_OK : SQLITE_DONE;
}

void
query_cut(sqlite3 *db, struct text t, query_token *take, void *arg)
{
	/* the options of the search tables (migrations/002_desk.sql) */
	static const char	*options[] = { "remove_diacritics", "2" };
	struct cutter		 cutter = { take, arg };
	fts5_api		*api = find_fts5(db);
	fts5_tokenizer		 functions;
	Fts5Tokenizer		*self;
	void			*user;

	CHECK(api->xFindTokenizer(api, "unicode61", &user, &functions) ==
	    SQLITE_OK && functions.xCreate(user, options, 2, &self) ==
	    SQLITE_OK);
	functions.xTokenize(self, &cutter, FTS5_TOKENIZE_QUERY, t.base,
	    (int)t.len, pass_token);
	functions.xDelete(self);
}

/* The words of one word or phrase of a client. */
struct phrase {
	struct query	*query;
	size_t		 count;		/* of its words */
	bool		 full;		/* the query has no room for more */
};

static query_token	add_query_word;

static bool
add_query_word(void *arg, struct text token, size_t from, size_t to)
{
	struct phrase	*phrase = arg;
	struct query	*q = phrase->query;

	(void)from, (void)to;
	phrase->full = q->count == WORDS_MOST;
	if (phrase->full)
		return false;
	q->words[q->count++] = (struct word){ q->tokens.len, token.len,
	    .follows = phrase->count++ > 0 };
	buf_put(&q->tokens, token.base, token.len);
	return true;
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

/* A phrase without words is left out, as is a repeated word. */
static const char *
add_phrase(sqlite3 *db, struct text text, bool prefix, struct query *q)
{
	struct phrase	phrase = { .query = q };

	query_cut(db, text, add_query_word, &phrase);
	if (phrase.full)
		return "content: more than 32 words.";
	if (phrase.count == 0)
		return !prefix ? NULL : "content: a * needs the beginning of "
		    "a word before it, as in print*.";
	q->words[q->count - 1].prefix = prefix;
	if (phrase.count == 1 && repeats_word(q)) {
		q->count--;
		return NULL;
	}
	q->has_phrase = q->has_phrase || phrase.count > 1;
	put_phrase(&q->match, text, prefix);
	return NULL;
}

const char *
query_parse(sqlite3 *db, struct text content, struct query *q)
{
	struct text	 left = content;
	const char	*wrong;
	struct text	 phrase;
	bool		 prefix = false;

	q->match.len = q->tokens.len = q->count = 0;
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
			wrong = add_phrase(db, phrase, prefix, q);
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
	buf_done(&q->tokens);
}
