/* The limit per token: a table of small sets with striped locks. */
#include "gateway/cache/limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

#define SETS		4096	/* a power of two */
#define WAYS		8
#define STRIPES		64	/* a power of two, no more than SETS */
#define KEY_BYTES	16	/* of the hash: enough to tell tokens apart */
#define SECOND_NS	INT64_C(1000000000)
#define WINDOW_NS	(LIMIT_WINDOW_S * SECOND_NS)

struct bucket {
	unsigned char	key[KEY_BYTES];
	int64_t		full_ns;	/* when it is full; 0: it is free */
};

struct limits {
	int64_t		per_minute;
	int64_t		each_ns;	/* until one request is refilled */
	pthread_mutex_t	locks[STRIPES];
	struct bucket	sets[SETS][WAYS];
};

struct limits *
limits_new(int64_t per_minute)
{
	struct limits	*l = must_alloc(sizeof(*l));

	CHECK(per_minute >= 1 && per_minute <= 1000000);
	l->per_minute = per_minute;
	l->each_ns = WINDOW_NS / per_minute;
	for (int i = 0; i < STRIPES; i++)
		CHECK(pthread_mutex_init(&l->locks[i], NULL) == 0);
	return l;
}

void
limits_destroy(struct limits **self_p)
{
	if (*self_p == NULL)
		return;
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_destroy(&(*self_p)->locks[i]);
	free(*self_p);
	*self_p = NULL;
}

/* The bucket of a token; if it has none, another one is given to it, full. */
static struct bucket *
find_bucket(struct bucket *set, const unsigned char *key)
{
	struct bucket	*soonest = set;

	for (int i = 0; i < WAYS; i++) {
		if (memcmp(set[i].key, key, KEY_BYTES) == 0)
			return &set[i];
		if (set[i].full_ns < soonest->full_ns)
			soonest = &set[i];
	}
	memcpy(soonest->key, key, KEY_BYTES);
	soonest->full_ns = 0;
	return soonest;
}

static int64_t
round_up_to_s(int64_t ns)
{
	return (ns + SECOND_NS - 1) / SECOND_NS;
}

static void
take_request(const struct limits *l, struct bucket *b, int64_t now_ns,
    struct limit *ret)
{
	int64_t	most_ns = l->each_ns * l->per_minute;
	int64_t	missing_ns = b->full_ns > now_ns ? b->full_ns - now_ns : 0;

	ret->allowed = missing_ns + l->each_ns <= most_ns;
	if (ret->allowed) {
		missing_ns += l->each_ns;
		b->full_ns = now_ns + missing_ns;
	}
	ret->left = (most_ns - missing_ns) / l->each_ns;
	ret->full_s = round_up_to_s(missing_ns);
	ret->wait_s = ret->left > 0 ? 0 :
	    round_up_to_s(missing_ns + l->each_ns - most_ns);
}

void
limits_take(struct limits *l, const unsigned char *token_hash, int64_t now_ns,
    struct limit *ret)
{
	pthread_mutex_t	*lock;
	uint32_t	 at;

	/* each byte of a hash is as good as random */
	memcpy(&at, token_hash, sizeof(at));
	at %= SETS;
	lock = &l->locks[at % STRIPES];
	pthread_mutex_lock(lock);
	take_request(l, find_bucket(l->sets[at], token_hash), now_ns, ret);
	pthread_mutex_unlock(lock);
}
