/* The queue of the slow lane. */
#include "slow.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/log.h"
#include "proto/replica.h"

/* Whose a call is: keyed hashes, so that nobody can make two of them meet. */
struct turn {
	uint64_t	place;
	uint64_t	name;
};

struct waiting {
	struct call	*call;
	struct turn	 whose;
	bool		 must;
};

struct slow {
	pthread_mutex_t	lock;
	unsigned char	secret[crypto_shorthash_KEYBYTES];
	struct waiting	*waiting;		/* oldest first */
	size_t		size;
	size_t		count;
	size_t		musts;			/* of them */
	struct turn	turns[SLOW_TURNS];	/* a ring */
	size_t		next;
};

struct slow *
slow_new(void)
{
	struct slow	*s = must_alloc(sizeof(*s));

	CHECK(pthread_mutex_init(&s->lock, NULL) == 0);
	crypto_shorthash_keygen(s->secret);
	return s;
}

void
slow_destroy(struct slow **self_p)
{
	if (*self_p == NULL)
		return;
	CHECK((*self_p)->count == 0);
	pthread_mutex_destroy(&(*self_p)->lock);
	free((*self_p)->waiting);
	free(*self_p);
	*self_p = NULL;
}

/* --- whose ------------------------------------------------------------------ */

static uint64_t
hash_of(const struct slow *s, const void *base, size_t len)
{
	uint64_t	h;

	crypto_shorthash((unsigned char *)&h, base, len, s->secret);
	return h;
}

static struct turn
turn_of(const struct slow *s, const struct request *r)
{
	struct text	address = args_text(&r->args, KEY_ADDRESS);
	struct text	name = args_text(&r->args, KEY_USERNAME);
	uint64_t	user = hash_of(s, &r->actor, sizeof(r->actor));

	if (!args_has(&r->args, KEY_ADDRESS))
		return (struct turn){ user, user };
	return (struct turn){ hash_of(s, address.base, address.len),
	    hash_of(s, name.base, name.len) };
}

/* --- how much somebody has -------------------------------------------------- */

/* Of a call's place and of its name: the larger counts, then both. */
struct share {
	size_t	most;
	size_t	sum;
};

static void
count(const struct turn *t, const struct turn *of, size_t *place, size_t *name)
{
	*place += t->place == of->place;
	*name += t->name == of->name;
}

/* Of the last turns, and of what waits if that is asked for, too. */
static struct share
share_of(const struct slow *s, const struct turn *of, bool waiting)
{
	size_t	place = 0, name = 0;

	for (size_t i = 0; i < SLOW_TURNS; i++)
		count(&s->turns[i], of, &place, &name);
	for (size_t i = 0; waiting && i < s->count; i++)
		count(&s->waiting[i].whose, of, &place, &name);
	return (struct share){ place > name ? place : name, place + name };
}

static bool
is_less(struct share a, struct share b)
{
	return a.most != b.most ? a.most < b.most : a.sum < b.sum;
}

/* --- in and out ------------------------------------------------------------- */

static void
append(struct slow *s, struct waiting w)
{
	if (s->count == s->size) {
		s->size = s->size == 0 ? SLOW_MOST + 1 : 2 * s->size;
		s->waiting = realloc(s->waiting,
		    s->size * sizeof(s->waiting[0]));
		CHECK(s->waiting != NULL);
	}
	s->waiting[s->count++] = w;
	s->musts += w.must;
}

static struct call *
take_out(struct slow *s, size_t at)
{
	struct call	*c = s->waiting[at].call;

	s->musts -= s->waiting[at].must;
	s->count--;
	memmove(&s->waiting[at], &s->waiting[at + 1],
	    (s->count - at) * sizeof(s->waiting[0]));
	return c;
}

/* One that nobody waits for any more, or else the newest of those with most. */
static size_t
find_refused(const struct slow *s)
{
	struct share	 most = { 0 }, share;
	size_t		 at = 0;
	int64_t		 now_ms = clock_ms(), until_ms;

	for (size_t i = 0; i < s->count; i++) {
		if (s->waiting[i].must)
			continue;
		until_ms = s->waiting[i].call->request.expires_ms;
		if (until_ms != 0 && now_ms > until_ms)
			return i;
		share = share_of(s, &s->waiting[i].whose, true);
		if (!is_less(share, most)) {
			most = share;
			at = i;
		}
	}
	return at;
}

struct call *
slow_put(struct slow *s, struct call *c, bool must)
{
	struct call	*refused = NULL;

	pthread_mutex_lock(&s->lock);
	append(s, (struct waiting){ c, turn_of(s, &c->request), must });
	if (s->count - s->musts > SLOW_MOST)
		refused = take_out(s, find_refused(s));
	pthread_mutex_unlock(&s->lock);
	return refused;
}

static size_t
find_next(const struct slow *s)
{
	struct share	least = { SIZE_MAX, SIZE_MAX }, share;
	size_t		next = 0;

	for (size_t i = 0; i < s->count; i++) {
		share = share_of(s, &s->waiting[i].whose, false);
		if (is_less(share, least)) {
			least = share;
			next = i;
		}
	}
	return next;
}

struct call *
slow_take(struct slow *s)
{
	struct call	*c = NULL;
	size_t		 at;

	pthread_mutex_lock(&s->lock);
	if (s->count > 0) {
		at = find_next(s);
		s->turns[s->next] = s->waiting[at].whose;
		s->next = (s->next + 1) % SLOW_TURNS;
		c = take_out(s, at);
	}
	pthread_mutex_unlock(&s->lock);
	return c;
}
