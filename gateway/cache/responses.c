/* The response cache: a hash table; the least recently used one makes room. */
#include "gateway/cache/responses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keyed_hash.h"
#include "base/log.h"

#define CHAINS		4096		/* powers of two */
#define NOTES		8192
#define BODY_MOST_BYTES	((size_t)512 << 10)	/* of one */
#define BODY_PART	8			/* ... and of all of them */

struct response_cache {
	size_t			 most;
	size_t			 bytes;		/* of all responses */
	struct hash_key		 hash_key;
	struct buf		 key;		/* that is looked for */
	h2o_linklist_t		 used;		/* least recently used first */
	struct cached_response	*chains[CHAINS];
	uint64_t		 notes[NOTES];	/* hashes of what was asked */
};

struct response_cache *
responses_new(size_t most)
{
	struct response_cache	*c = must_alloc(sizeof(*c));

	c->most = most;
	/* no client can find out which keys have one chain */
	keyed_hash_make_key(&c->hash_key);
	h2o_linklist_init_anchor(&c->used);
	return c;
}

void
responses_destroy(struct response_cache **self_p)
{
	if (*self_p == NULL)
		return;
	responses_clear(*self_p);
	buf_done(&(*self_p)->key);
	free(*self_p);
	*self_p = NULL;
}

/* --- keys ----------------------------------------------------------------- */

static struct text
key_bytes(struct response_cache *c, const struct response_key *key)
{
	c->key.len = 0;
	buf_put(&c->key, &key->user_id, sizeof(key->user_id));
	buf_put(&c->key, &key->rights, sizeof(key->rights));
	buf_put(&c->key, key->path.base, key->path.len);
	return (struct text){ c->key.base, c->key.len };
}

static uint64_t
hash_key(const struct response_cache *c, struct text key)
{
	return keyed_hash(&c->hash_key, key.base, key.len);
}

/* Where the pointer to a key's response is, or would be. */
static struct cached_response **
response_place(struct response_cache *c, struct text key, uint64_t hash)
{
	struct cached_response	**p = &c->chains[hash % CHAINS];

	for (; *p != NULL; p = &(*p)->next)
		if ((*p)->key.len == key.len &&
		    memcmp((*p)->key.base, key.base, key.len) == 0)
			break;
	return p;
}

/* --- responses ------------------------------------------------------------ */

static size_t
response_size(const struct cached_response *r)
{
	return sizeof(*r) + r->key.len + r->body.len + r->gzip.len;
}

static void
drop_response(struct response_cache *c, struct cached_response **place)
{
	struct cached_response	*r = *place;

	CHECK(r != NULL);
	*place = r->next;
	c->bytes -= response_size(r);
	h2o_linklist_unlink(&r->used);
	h2o_mem_release_shared(r);
}

static void
drop_least_recent(struct response_cache *c)
{
	struct cached_response	*r = H2O_STRUCT_FROM_MEMBER(
				    struct cached_response, used,
				    c->used.next);

	drop_response(c, response_place(c, r->key, hash_key(c, r->key)));
}

void
responses_clear(struct response_cache *c)
{
	while (!h2o_linklist_is_empty(&c->used))
		drop_least_recent(c);
}

const struct cached_response *
responses_find(struct response_cache *c, const struct response_key *key,
    h2o_mem_pool_t *pool, bool *ret_asked_before)
{
	struct text		 bytes = key_bytes(c, key);
	uint64_t		 hash = hash_key(c, bytes);
	struct cached_response	*r = *response_place(c, bytes, hash);

	*ret_asked_before = r != NULL || c->notes[hash % NOTES] == hash;
	if (r == NULL) {
		c->notes[hash % NOTES] = hash;
		return NULL;
	}
	h2o_linklist_unlink(&r->used);
	h2o_linklist_insert(&c->used, &r->used);
	h2o_mem_link_shared(pool, r);
	return r;
}

static void
on_response_gone(void *response)
{
	free((void *)(uintptr_t)((struct cached_response *)response)->gzip.base);
}

static struct cached_response *
copy_response(struct text key, int64_t tag, int64_t total, struct text body)
{
	struct cached_response	*r = h2o_mem_alloc_shared(NULL, sizeof(*r) +
				    key.len + body.len, on_response_gone);
	char			*bytes = (char *)(r + 1);

	*r = (struct cached_response){ .tag = tag, .total = total };
	snprintf(r->etag, sizeof(r->etag), "\"%016llx\"",
	    (unsigned long long)tag);
	memcpy(bytes, key.base, key.len);
	memcpy(bytes + key.len, body.base, body.len);
	r->key = (struct text){ bytes, key.len };
	r->body = (struct text){ bytes + key.len, body.len };
	return r;
}

/* Make room, which may take the response that was kept last. */
static void
bound_responses(struct response_cache *c)
{
	while (c->bytes > c->most && !h2o_linklist_is_empty(&c->used))
		drop_least_recent(c);
}

const struct cached_response *
responses_keep(struct response_cache *c, const struct response_key *key,
    h2o_mem_pool_t *pool, int64_t tag, int64_t total, struct text body)
{
	struct text		 bytes;
	struct cached_response	*r, **place;

	if (body.len > BODY_MOST_BYTES || body.len > c->most / BODY_PART)
		return NULL;
	bytes = key_bytes(c, key);
	place = response_place(c, bytes, hash_key(c, bytes));
	if (*place != NULL)
		drop_response(c, place);
	r = copy_response(bytes, tag, total, body);
	c->bytes += response_size(r);
	bound_responses(c);
	/* found again: what was dropped may have been in the same chain */
	place = response_place(c, bytes, hash_key(c, bytes));
	*place = r;
	h2o_linklist_insert(&c->used, &r->used);
	h2o_mem_link_shared(pool, r);
	return r;
}

/*
 * It is dropped like any other, and may be dropped already: then it goes with
 * the requests that are under way.
 */
void
responses_keep_gzip(struct response_cache *c,
    const struct cached_response *response, struct text gzip)
{
	struct cached_response	*r = (struct cached_response *)(uintptr_t)
				    response;
	char			*copy;

	if (gzip.len == 0 || r->gzip.len > 0)
		return;
	copy = must_alloc(gzip.len);
	memcpy(copy, gzip.base, gzip.len);
	r->gzip = (struct text){ copy, gzip.len };
	if (!h2o_linklist_is_linked(&r->used))
		return;
	c->bytes += gzip.len;
	bound_responses(c);
}
