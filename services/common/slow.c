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
	size_t		 place_had;	/* the number of its last turn, or 0 */
	size_t		 name_had;
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
	size_t		taken;			/* turns that there were */
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

/* --- comparing -------------------------------------------------------------- */

/* Two numbers, of a call's place and of its name: the larger counts first. */
struct weight {
	size_t	most;
	size_t	sum;
};

static struct weight
weight_of(size_t place, size_t name)
{
	return (struct weight){ place > name ? place : name, place + name };
}

static bool
is_less(struct weight a, struct weight b)
{
	return a.most != b.most ? a.most < b.most : a.sum < b.sum;
}

/* How many wait. */
static struct weight
weigh_waiting(const struct slow *s, const struct turn *of)
{
	size_t	place = 0, name = 0;

	for (size_t i = 0; i < s->count; i++) {
		place += s->waiting[i].whose.place == of->place;
		name += s->waiting[i].whose.name == of->name;
	}
	return weight_of(place, name);
}

/*
 * How lately there was a turn. How many there were is not asked: others at a
 * place must not wait because of somebody who was there.
 */
static struct weight
weigh_turns(const struct waiting *w)
{
	return weight_of(w->place_had, w->name_had);
}

static void
note_turn(struct waiting *w, const struct turn *t, size_t number)
{
	if (t->place == w->whose.place)
		w->place_had = number;
	if (t->name == w->whose.name)
		w->name_had = number;
}

/* From here on those that wait are told of each turn. */
static void
look_back(const struct slow *s, struct waiting *w)
{
	size_t	n = s->taken < SLOW_TURNS ? 0 : s->taken - SLOW_TURNS;

	for (; n < s->taken; n++)
		note_turn(w, &s->turns[n % SLOW_TURNS], n + 1);
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

static bool
is_late(const struct call *c, int64_t now_ms)
{
	return c->request.expires_ms != 0 && now_ms > c->request.expires_ms;
}

/* Whether b has more that waits, or had a turn as lately at least. */
static bool
has_more(const struct slow *s, const struct waiting *b,
    const struct waiting *a)
{
	struct weight	of_a = weigh_waiting(s, &a->whose);
	struct weight	of_b = weigh_waiting(s, &b->whose);

	if (is_less(of_a, of_b) || is_less(of_b, of_a))
		return is_less(of_a, of_b);
	return !is_less(weigh_turns(b), weigh_turns(a));
}

/* One that is late, or the newest of the client that has most. */
static size_t
find_refused(const struct slow *s)
{
	size_t	refused = SIZE_MAX;
	int64_t	now_ms = clock_ms();

	for (size_t i = 0; i < s->count; i++) {
		if (s->waiting[i].must)
			continue;
		if (is_late(s->waiting[i].call, now_ms))
			return i;
		if (refused == SIZE_MAX || has_more(s, &s->waiting[i],
		    &s->waiting[refused]))
			refused = i;
	}
	return refused;
}

struct call *
slow_put(struct slow *s, struct call *c, bool must)
{
	struct waiting	 w = { .call = c, .whose = turn_of(s, &c->request),
			    .must = must };
	struct call	*refused = NULL;

	pthread_mutex_lock(&s->lock);
	look_back(s, &w);
	append(s, w);
	if (s->count - s->musts > SLOW_MOST)
		refused = take_out(s, find_refused(s));
	pthread_mutex_unlock(&s->lock);
	return refused;
}

static size_t
find_next(const struct slow *s)
{
	struct weight	least = { SIZE_MAX, SIZE_MAX }, weight;
	size_t		next = 0;

	for (size_t i = 0; i < s->count; i++) {
		weight = weigh_turns(&s->waiting[i]);
		if (is_less(weight, least)) {
			least = weight;
			next = i;
		}
	}
	return next;
}

struct call *
slow_take(struct slow *s)
{
	struct call	*c = NULL;
	struct turn	*turn;
	size_t		 at;

	pthread_mutex_lock(&s->lock);
	if (s->count > 0) {
		at = find_next(s);
		turn = &s->turns[s->taken % SLOW_TURNS];
		*turn = s->waiting[at].whose;
		c = take_out(s, at);
		s->taken++;
		for (size_t i = 0; i < s->count; i++)
			note_turn(&s->waiting[i], turn, s->taken);
	}
	pthread_mutex_unlock(&s->lock);
	return c;
}
