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

/* The clients that a call counts for. */
enum client { CLIENT_NETWORK, CLIENT_ADDRESS, CLIENT_NAME, CLIENT_END };

/* The names of clients are hashed, each kind with a key of its own. */
enum name_kind { KIND_NETWORK, KIND_ADDRESS, KIND_NAME, KIND_USER, KIND_END };

/* The clients of a call, as keyed hashes: no client can aim at another's. */
struct slow_turn {
	uint64_t	of[CLIENT_END];
};

struct slow_call {
	struct call	*call;
	struct slow_turn whose;
	size_t		 had[CLIENT_END]; /* number of its last turn, or 0 */
	bool		 must;		/* it is never refused */
};

struct slow {
	pthread_mutex_t	lock;
	struct hash_key	keys[KIND_END];
	struct slow_call	*waiting;		/* oldest first */
	size_t		size;
	size_t		count;
	size_t		musts;			/* calls that must wait */
	struct slow_turn turns[SLOW_TURNS];	/* a ring */
	size_t		taken;			/* turns so far */
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

/* --- whose a call is ------------------------------------------------------ */

static uint64_t
hash_kind(const struct slow *s, enum name_kind kind, const void *base,
    size_t len)
{
	return keyed_hash(&s->keys[kind], base, len);
}

/* The network of an address; a text that is not an address is its own. */
static uint64_t
hash_network(const struct slow *s, struct text address)
{
	struct in6_addr	a;
	size_t		len;

	if (!address_read(address, &a))
		return hash_kind(s, KIND_ADDRESS, address.base, address.len);
	len = IN6_IS_ADDR_V4MAPPED(&a) ? NETWORK_BYTES_V4 : NETWORK_BYTES_V6;
	return hash_kind(s, KIND_NETWORK, a.s6_addr, len);
}

static struct slow_turn
turn_of(const struct slow *s, const struct request *r)
{
	struct text	address = args_text(&r->args, KEY_ADDRESS);
	struct text	name = args_text(&r->args, KEY_USERNAME);
	uint64_t	user = hash_kind(s, KIND_USER, &r->actor,
			    sizeof(r->actor));

	if (!args_has(&r->args, KEY_ADDRESS))
		return (struct slow_turn){ { user, user, user } };
	return (struct slow_turn){ {
	    [CLIENT_NETWORK] = hash_network(s, address),
	    [CLIENT_ADDRESS] = hash_kind(s, KIND_ADDRESS, address.base,
	    address.len),
	    [CLIENT_NAME] = hash_kind(s, KIND_NAME, name.base, name.len),
	} };
}

/* --- weights ------------------------------------------------------------- */

/* Of one number for each client of a call: the largest counts first. */
struct weight {
	size_t	most;
	size_t	sum;
};

static struct weight
weight_of(const size_t numbers[CLIENT_END])
{
	struct weight	w = { 0, 0 };

	for (size_t i = 0; i < CLIENT_END; i++) {
		w.most = numbers[i] > w.most ? numbers[i] : w.most;
		w.sum += numbers[i];
	}
	return w;
}

static bool
is_less(struct weight a, struct weight b)
{
	return a.most != b.most ? a.most < b.most : a.sum < b.sum;
}

/* How many calls of the same clients wait. */
static struct weight
weigh_waiting(const struct slow *s, const struct slow_turn *t)
{
	size_t	numbers[CLIENT_END] = { 0 };

	for (size_t i = 0; i < s->count; i++)
		for (size_t j = 0; j < CLIENT_END; j++)
			numbers[j] += s->waiting[i].whose.of[j] == t->of[j];
	return weight_of(numbers);
}

/*
 * How lately the clients had a turn. How many turns they had does not count, or
 * one person would keep others at the same address waiting.
 */
static struct weight
weigh_turns(const struct slow_call *w)
{
	return weight_of(w->had);
}

static void
note_turn(struct slow_call *w, const struct slow_turn *t, size_t number)
{
	for (size_t i = 0; i < CLIENT_END; i++)
		if (t->of[i] == w->whose.of[i])
			w->had[i] = number;
}

/* Find the last turns of a call's clients. Later turns are noted in time. */
static void
find_last_turns(const struct slow *s, struct slow_call *w)
{
	size_t	n = s->taken < SLOW_TURNS ? 0 : s->taken - SLOW_TURNS;

	for (; n < s->taken; n++)
		note_turn(w, &s->turns[n % SLOW_TURNS], n + 1);
}

/* --- in and out ---------------------------------------------------------- */

static void
append_call(struct slow *s, struct slow_call w)
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
remove_call(struct slow *s, size_t at)
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

/* Whether b's clients have more waiting, or else had their turn no earlier. */
static bool
has_more(const struct slow *s, const struct slow_call *b,
    const struct slow_call *a)
{
	struct weight	of_a = weigh_waiting(s, &a->whose);
	struct weight	of_b = weigh_waiting(s, &b->whose);

	if (is_less(of_a, of_b) || is_less(of_b, of_a))
		return is_less(of_a, of_b);
	return !is_less(weigh_turns(b), weigh_turns(a));
}

/* A call that is late, or the newest of the client that has most. */
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
	struct slow_call	 w = { .call = c, .must = must,
				    .whose = turn_of(s, &c->request) };
	struct call		*refused = NULL;

	pthread_mutex_lock(&s->lock);
	find_last_turns(s, &w);
	append_call(s, w);
	if (s->count - s->musts > SLOW_MOST)
		refused = remove_call(s, find_refused(s));
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
	struct slow_turn	*turn;
	size_t		 at;

	pthread_mutex_lock(&s->lock);
	if (s->count > 0) {
		at = find_next(s);
		turn = &s->turns[s->taken % SLOW_TURNS];
		*turn = s->waiting[at].whose;
		c = remove_call(s, at);
		s->taken++;
		for (size_t i = 0; i < s->count; i++)
			note_turn(&s->waiting[i], turn, s->taken);
	}
	pthread_mutex_unlock(&s->lock);
	return c;
}
