/* The queue of the slow lane. */
#include "services/runtime/lane/slow.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/keyed_hash.h"
#include "base/log.h"

#define NETWORK_BYTES_V4 15	/* a /24, as mapped into IPv6 */
#define NETWORK_BYTES_V6 6	/* a /48 */

/* What a call counts for. */
enum part { PART_NETWORK, PART_ADDRESS, PART_NAME, PART_END };

/* What is hashed: each kind has a key of its own. */
enum kind { KIND_NETWORK, KIND_ADDRESS, KIND_NAME, KIND_USER, KIND_END };

/* Whose a call is: keyed hashes, so that nobody can make two of them meet. */
struct turn {
	uint64_t	of[PART_END];
};

struct waiting {
	struct call	*call;
	struct turn	 whose;
	size_t		 had[PART_END];	/* the numbers of last turns, or 0 */
	bool		 must;
};

struct slow {
	pthread_mutex_t	lock;
	struct hash_key	keys[KIND_END];
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
	for (size_t i = 0; i < KIND_END; i++)
		keyed_hash_make_key(&s->keys[i]);
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
hash_kind(const struct slow *s, enum kind kind, const void *base, size_t len)
{
	return keyed_hash(&s->keys[kind], base, len);
}

/* The network of an address; what is no address is one of its own. */
static uint64_t
network_of(const struct slow *s, struct text address)
{
	struct in6_addr	a;
	size_t		len;

	if (!address_read(address, &a))
		return hash_kind(s, KIND_ADDRESS, address.base, address.len);
	len = IN6_IS_ADDR_V4MAPPED(&a) ? NETWORK_BYTES_V4 : NETWORK_BYTES_V6;
	return hash_kind(s, KIND_NETWORK, a.s6_addr, len);
}

static struct turn
turn_of(const struct slow *s, const struct request *r)
{
	struct text	address = args_text(&r->args, KEY_ADDRESS);
	struct text	name = args_text(&r->args, KEY_USERNAME);
	uint64_t	user = hash_kind(s, KIND_USER, &r->actor,
			    sizeof(r->actor));

	if (!args_has(&r->args, KEY_ADDRESS))
		return (struct turn){ { user, user, user } };
	return (struct turn){ {
	    [PART_NETWORK] = network_of(s, address),
	    [PART_ADDRESS] = hash_kind(s, KIND_ADDRESS, address.base,
	    address.len),
	    [PART_NAME] = hash_kind(s, KIND_NAME, name.base, name.len),
	} };
}

/* --- comparing -------------------------------------------------------------- */

/* The numbers of a call's parts: the largest counts first, then all. */
struct weight {
	size_t	most;
	size_t	sum;
};

static struct weight
weight_of(const size_t parts[PART_END])
{
	struct weight	w = { 0, 0 };

	for (size_t i = 0; i < PART_END; i++) {
		w.most = parts[i] > w.most ? parts[i] : w.most;
		w.sum += parts[i];
	}
	return w;
}

static bool
is_less(struct weight a, struct weight b)
{
	return a.most != b.most ? a.most < b.most : a.sum < b.sum;
}

/* How many wait. */
static struct weight
weigh_waiting(const struct slow *s, const struct turn *t)
{
	size_t	parts[PART_END] = { 0 };

	for (size_t i = 0; i < s->count; i++)
		for (size_t j = 0; j < PART_END; j++)
			parts[j] += s->waiting[i].whose.of[j] == t->of[j];
	return weight_of(parts);
}

/*
 * How lately there was a turn. How many there were is not asked: others at a
 * place must not wait because of somebody who was there.
 */
static struct weight
weigh_turns(const struct waiting *w)
{
	return weight_of(w->had);
}

static void
note_turn(struct waiting *w, const struct turn *t, size_t number)
{
	for (size_t i = 0; i < PART_END; i++)
		if (t->of[i] == w->whose.of[i])
			w->had[i] = number;
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
