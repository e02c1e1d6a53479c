/* Copies of lists: chains by a hash of the question; the least recently used
 * one goes. */
#include "gateway/cache/copies.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define CHAINS		4096		/* powers of two */
#define NOTES		8192
#define COPY_MOST	((size_t)512 << 10)	/* bytes of one */

struct copies {
	size_t		 most;
	size_t		 bytes;			/* of all copies */
	unsigned char	 seed[crypto_shorthash_KEYBYTES];
	struct buf	 question;		/* that is asked now */
	h2o_linklist_t	 used;			/* the least recently used first */
	struct copy	*chains[CHAINS];
	uint64_t	 notes[NOTES];		/* hashes of what was asked */
};

struct copies *
copies_new(size_t most)
{
	struct copies	*k = must_alloc(sizeof(*k));

	k->most = most;
	/* nobody can tell which questions share a chain */
	randombytes_buf(k->seed, sizeof(k->seed));
	h2o_linklist_init_anchor(&k->used);
	return k;
}

void
copies_destroy(struct copies **self_p)
{
	if (*self_p == NULL)
		return;
	copies_clear(*self_p);
	buf_done(&(*self_p)->question);
	free(*self_p);
	*self_p = NULL;
}

/* --- questions --------------------------------------------------------------- */

/*
 * Who asks, with which rights, and the path and query as they were written:
 * all that a list depends on, and links in it. A cursor's list has a link that
 * its owner would have to tell (links.c).
 */
static bool
put_question(struct copies *k, const struct exchange *x)
{
	const struct route	*r = x->route;

	if (r->method != METHOD_GET || r->page[0] == '\0' ||
	    r->reply != REPLY_JSON ||
	    !keyset_has(r->takes, KEY_IF_NONE_MATCH) || x->included != NULL ||
	    args_has(&x->args, KEY_CURSOR))
		return false;
	k->question.len = 0;
	buf_put(&k->question, &x->user_id, sizeof(x->user_id));
	buf_put(&k->question, &x->rights, sizeof(x->rights));
	buf_put(&k->question, x->req->path.base, x->req->path.len);
	return true;
}

static uint64_t
hash_of(const struct copies *k, struct text question)
{
	uint64_t	hash;

	_Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "its size");
	crypto_shorthash((unsigned char *)&hash,
	    (const unsigned char *)question.base, question.len, k->seed);
	return hash;
}

/* Where the pointer to a question's copy is, or would be. */
static struct copy **
place_of(struct copies *k, struct text question, uint64_t hash)
{
	struct copy	**p = &k->chains[hash % CHAINS];

	for (; *p != NULL; p = &(*p)->next)
		if ((*p)->question.len == question.len && memcmp(
		    (*p)->question.base, question.base, question.len) == 0)
			break;
	return p;
}

/* --- copies ------------------------------------------------------------------ */

static size_t
size_of(const struct copy *c)
{
	return sizeof(*c) + c->question.len + c->body.len;
}

static void
drop(struct copies *k, struct copy **place)
{
	struct copy	*c = *place;

	CHECK(c != NULL);
	*place = c->next;
	k->bytes -= size_of(c);
	h2o_linklist_unlink(&c->used);
	h2o_mem_release_shared(c);
}

static void
drop_least_recent(struct copies *k)
{
	struct copy	*c = H2O_STRUCT_FROM_MEMBER(struct copy, used,
			    k->used.next);

	drop(k, place_of(k, c->question, hash_of(k, c->question)));
}

void
copies_clear(struct copies *k)
{
	while (!h2o_linklist_is_empty(&k->used))
		drop_least_recent(k);
}

const struct copy *
copies_find(struct copies *k, struct exchange *x)
{
	struct text	 question;
	struct copy	*c;
	uint64_t	 hash;

	if (!put_question(k, x))
		return NULL;
	question = (struct text){ k->question.base, k->question.len };
	hash = hash_of(k, question);
	c = *place_of(k, question, hash);
	if (c == NULL) {
		x->asked_before = k->notes[hash % NOTES] == hash;
		k->notes[hash % NOTES] = hash;
		return NULL;
	}
	x->asked_before = true;
	h2o_linklist_unlink(&c->used);
	h2o_linklist_insert(&k->used, &c->used);
	h2o_mem_link_shared(&x->req->pool, c);
	return c;
}

static struct copy *
make_copy(struct text question, int64_t tag, int64_t total, struct text body)
{
	struct copy	*c = h2o_mem_alloc_shared(NULL, sizeof(*c) +
			    question.len + body.len, NULL);
	char		*bytes = (char *)(c + 1);

	*c = (struct copy){ .tag = tag, .total = total };
	snprintf(c->etag, sizeof(c->etag), "\"%016llx\"",
	    (unsigned long long)tag);
	memcpy(bytes, question.base, question.len);
	memcpy(bytes + question.len, body.base, body.len);
	c->question = (struct text){ bytes, question.len };
	c->body = (struct text){ bytes + question.len, body.len };
	return c;
}

struct text
copies_keep(struct copies *k, struct exchange *x, int64_t tag, int64_t total,
    struct text body)
{
	struct text	 question;
	struct copy	*c, **place;

	if (!x->asked_before || body.len > COPY_MOST ||
	    body.len > k->most / 8 || !put_question(k, x))
		return (struct text){ "", 0 };
	question = (struct text){ k->question.base, k->question.len };
	place = place_of(k, question, hash_of(k, question));
	if (*place != NULL)
		drop(k, place);
	c = make_copy(question, tag, total, body);
	k->bytes += size_of(c);
	while (k->bytes > k->most && !h2o_linklist_is_empty(&k->used))
		drop_least_recent(k);
	/* found anew: what was dropped may have been in the same chain */
	place = place_of(k, question, hash_of(k, question));
	*place = c;
	h2o_linklist_insert(&k->used, &c->used);
	h2o_mem_link_shared(&x->req->pool, c);
	return c->body;
}
