/* A table of hashes of questions, with the tags of their answers. */
#include "services/op/etag_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define QUESTIONS_MOST	8192

struct question {
	uint64_t	hash;
	int64_t		tag;		/* 0: the row is empty */
	int64_t		version;	/* of the store, when it was asked */
};

struct etag_cache {
	struct question	rows[QUESTIONS_MOST];
};

struct etag_cache *
etag_cache_new(void)
{
	return must_alloc(sizeof(struct etag_cache));
}

void
etag_cache_destroy(struct etag_cache **self_p)
{
	free(*self_p);
	*self_p = NULL;
}

static uint64_t
hash_text(uint64_t hash, struct text t)
{
	uint64_t	word;

	hash = hash_mix(hash, t.len);
	for (; t.len >= sizeof(word); t.base += sizeof(word),
	    t.len -= sizeof(word)) {
		memcpy(&word, t.base, sizeof(word));
		hash = hash_mix(hash, word);
	}
	word = 0;
	memcpy(&word, t.base, t.len);
	return hash_mix(hash, word);
}

/* Of all that an answer depends on but the version (etag_cache.h). */
static uint64_t
hash_question(const struct call *c)
{
	const struct args	*args = &c->request.args;
	keyset			 keys = keyset_difference(args_keys(args),
				    K(IF_NONE_MATCH, NOW));
	const union value	*v;
	uint64_t		 hash = hash_mix(0, c->request.op);

	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		hash = hash_mix(hash, k);
		v = args_value(args, k);
		if (key_info(k)->type == KEY_INT)
			hash = hash_mix(hash, (uint64_t)v->number);
		else if (v->text.len > 0)
			hash = hash_text(hash, v->text);
	}
	return hash;
}

static bool
goes_by_time(const struct call *c)
{
	const keyset	*keys = c->session->tables->keys;

	return keyset_has(keys[c->op->sql], KEY_NOW) ||
	    keyset_has(keys[c->op->count], KEY_NOW);
}

/* The rule is the gateway's, which answers 304 (gateway/stage/answer.c). */
static bool
has_tag(const struct call *c, int64_t tag)
{
	struct text	tags = args_text(&c->request.args, KEY_IF_NONE_MATCH);
	char		want[24];
	int		len = snprintf(want, sizeof(want), "\"%016llx\"",
			    (unsigned long long)tag);

	return memmem(tags.base, tags.len, want, (size_t)len) != NULL;
}

/* Variants have one tag: it does not say which one the client has. */
static bool
is_variant(const struct call *c)
{
	return args_has(&c->answer.extra, KEY_VARIANT);
}

enum err
etag_cache_run(struct call *c, op_run *run)
{
	struct question	*row, asked = { .hash = hash_question(c) };
	enum err	 e = op_version(c, &asked.version);

	if (e != OK)
		return e;
	row = &c->session->etag_cache->rows[asked.hash % QUESTIONS_MOST];
	if (row->tag != 0 && row->hash == asked.hash &&
	    row->version == asked.version && has_tag(c, row->tag)) {
		c->answer.tag = row->tag;
		return OK;
	}
	e = run(c);
	if (e != OK || c->answer.tag == 0 || is_variant(c))
		return e;
	asked.tag = c->answer.tag;
	if (!goes_by_time(c) && !c->passing)
		*row = asked;
	if (has_tag(c, asked.tag))
		c->fragment.len = 0;
	return OK;
}
