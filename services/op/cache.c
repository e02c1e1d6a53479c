/* A table of questions, each with its answer if it was asked twice. */
#include "services/op/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "services/op/known.h"

#define PLACES		1024	/* a newer question takes an older's place */
#define BYTES_MOST	((size_t)4 << 20)	/* of all answers */
#define ANSWER_MOST	((size_t)256 << 10)	/* ... and of one of them */

struct entry {
	int64_t		version;	/* of the store; 0: nothing is here */
	bool		answered;	/* what follows is there */
	struct buf	question;
	struct buf	fragment;
	struct buf	rest;		/* extras, then refs */
	int64_t		total;
	int64_t		tag;
};

struct cache {
	bool		lends;
	bool		lent;		/* a call has an entry's fragment */
	struct buf	own;		/* ... and this is the call's */
	struct buf	question;	/* that is asked now */
	size_t		bytes;		/* of all answers */
	struct entry	entries[PLACES];
};

struct cache *
cache_new(void)
{
	return must_alloc(sizeof(struct cache));
}

void
cache_lend(struct lane *lane)
{
	if (lane->cache == NULL)
		lane->cache = cache_new();
	lane->cache->lends = true;
}

void
cache_return(struct call *c)
{
	struct cache	*k = c->lane->cache;

	if (k == NULL || !k->lent)
		return;
	c->fragment = k->own;
	c->fragment.len = 0;
	c->answer.fragment = (struct text){ "", 0 };
	k->lent = false;
}

/* --- answers --------------------------------------------------------------- */

static size_t
size_of(const struct entry *e)
{
	return e->fragment.len + e->rest.len;
}

static void
drop_answer(struct cache *k, struct entry *e)
{
	if (!e->answered)
		return;
	k->bytes -= size_of(e);
	buf_done(&e->fragment);
	buf_done(&e->rest);
	e->answered = false;
}

static void
drop_all(struct cache *k)
{
	for (size_t i = 0; i < PLACES; i++)
		drop_answer(k, &k->entries[i]);
}

void
cache_destroy(struct cache **self_p)
{
	struct cache	*k = *self_p;

	if (k == NULL)
		return;
	drop_all(k);
	for (size_t i = 0; i < PLACES; i++)
		buf_done(&k->entries[i].question);
	buf_done(&k->question);
	free(k);
	*self_p = NULL;
}

/* --- arguments as bytes ------------------------------------------------------ */

static void
put_number(struct buf *b, int64_t n)
{
	buf_put(b, &n, sizeof(n));
}

static void
put_text(struct buf *b, struct text t)
{
	put_number(b, (int64_t)t.len);
	buf_put(b, t.base, t.len);
}

static void
put_args(struct buf *b, const struct args *args, keyset except)
{
	keyset	left = args->present & ~except;

	for (unsigned key = 0; left != 0; key++, left >>= 1) {
		if ((left & 1) == 0)
			continue;
		put_number(b, key);
		if (key_info((enum key)key)->type == KEY_INT)
			put_number(b, args->value[key].number);
		else
			put_text(b, args->value[key].text);
	}
	put_number(b, KEY_END);
}

static int64_t
take_number(const char **at)
{
	int64_t	n;

	memcpy(&n, *at, sizeof(n));
	*at += sizeof(n);
	return n;
}

static struct text
take_text(const char **at)
{
	struct text	t;

	t.len = (size_t)take_number(at);
	t.base = *at;
	*at += t.len;
	return t;
}

static void
take_args(const char **at, struct args *args)
{
	int64_t	key;

	while ((key = take_number(at)) != KEY_END) {
		if (key_info((enum key)key)->type == KEY_INT)
			args_put_number(args, (enum key)key, take_number(at));
		else
			args_put_text(args, (enum key)key, take_text(at));
	}
}

/* --- questions --------------------------------------------------------------- */

/* All that an answer depends on, who asks included. */
static void
put_question(struct buf *b, const struct call *c)
{
	b->len = 0;
	put_number(b, (int64_t)c->request.op);
	put_args(b, &c->request.args, K(IF_NONE_MATCH) | K(NOW));
}

static struct entry *
find_entry(struct cache *k)
{
	const struct buf	*b = &k->question;
	uint64_t		 hash = b->len, word;

	/* it is all numbers and texts: what is left over counts little */
	for (size_t at = 0; at + sizeof(word) <= b->len; at += sizeof(word)) {
		memcpy(&word, b->base + at, sizeof(word));
		hash = op_mix(hash, word);
	}
	return &k->entries[hash % PLACES];
}

static bool
is_same(const struct cache *k, const struct entry *e, int64_t version)
{
	return e->version == version && e->question.len == k->question.len &&
	    memcmp(e->question.base, k->question.base, k->question.len) == 0;
}

/* --- keeping, giving ----------------------------------------------------------- */

static void
note_question(struct cache *k, struct entry *e, int64_t version)
{
	drop_answer(k, e);
	e->version = version;
	e->question.len = 0;
	buf_put(&e->question, k->question.base, k->question.len);
}

static void
keep_answer(struct cache *k, struct entry *e, const struct call *c)
{
	if (c->fragment.len > ANSWER_MOST)
		return;
	if (k->bytes > BYTES_MOST)
		drop_all(k);
	buf_put(&e->fragment, c->fragment.base, c->fragment.len);
	put_args(&e->rest, &c->answer.extra, 0);
	for (int i = 0; i < OP_REFS; i++)
		put_text(&e->rest, (struct text){ c->refs[i].base,
		    c->refs[i].len });
	e->total = c->answer.total;
	e->tag = c->answer.tag;
	e->answered = true;
	k->bytes += size_of(e);
}

/* The fragment as it is here, for reading, until cache_return(). */
static void
lend_fragment(struct cache *k, const struct entry *e, struct call *c)
{
	k->own = c->fragment;
	k->lent = true;
	c->fragment = e->fragment;
}

/* Texts of extras stay ours: the answer is on its way before the next call. */
static void
give_answer(struct cache *k, const struct entry *e, struct call *c)
{
	const char	*at = e->rest.base;
	struct text	 t;

	if (k->lends)
		lend_fragment(k, e, c);
	else
		buf_put(&c->fragment, e->fragment.base, e->fragment.len);
	take_args(&at, &c->answer.extra);
	for (int i = 0; i < OP_REFS; i++) {
		t = take_text(&at);
		buf_put(&c->refs[i], t.base, t.len);
	}
	c->answer.total = e->total;
	c->answer.tag = e->tag;
}

enum err
cache_run(struct call *c, op_run *run)
{
	struct cache	*k = c->lane->cache;
	struct entry	*e;
	int64_t		 version;
	enum err	 error = known_version(c, &version);
	bool		 again;

	if (error != OK || known_goes_by_time(c))
		return error != OK ? error : run(c);
	if (k == NULL)
		k = c->lane->cache = cache_new();
	CHECK(!k->lent);
	put_question(&k->question, c);
	e = find_entry(k);
	again = is_same(k, e, version);
	if (again && e->answered) {
		give_answer(k, e, c);
		return OK;
	}
	error = run(c);
	if (c->passing)
		return error;
	if (error == OK && again)
		keep_answer(k, e, c);
	else if (error == OK)
		note_question(k, e, version);
	return error;
}
