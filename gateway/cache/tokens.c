/* The token cache: a table of small sets; the oldest of a set makes room. */
#include "gateway/cache/tokens.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

#define SETS	4096	/* a power of two */
#define WAYS	4
#define IDS_MOST_BYTES	(1 << 18)	/* of those used; then no more */
#define WALL_MOST_US	(INT64_C(1) << 60)	/* that a clock may tell */
#define ENDED_KEPT	1024	/* of the revocations told last */
#define BEHIND_MOST_MS	1000	/* that a process may be behind another */

struct entry {
	unsigned char	hash[TOKEN_HASH_BYTES];
	int64_t		user_id;	/* 0: empty */
	int64_t		rights;
	int64_t		expires_us;
	uint64_t	used;		/* when last, by counting */
	int64_t		id;		/* 0: not known */
	uint64_t	round;		/* of tokens_take_used() that has it */
};

struct tokens {
	struct entry	sets[SETS][WAYS];
	uint64_t	uses;
	int64_t		seen;		/* number of the last revocation heard */
	int64_t		stream;		/* of the store that has them */
	bool		heard;		/* seen and stream are set */
	bool		timed;		/* apart_us is set */
	int64_t		apart_us;	/* the user service's wall clock minus
					 * our monotonic one */
	int64_t		behind_ms;	/* since when all numbers heard of are
					 * less than seen; 0: they are not */
	uint64_t	endings;	/* see tokens_endings() */
	unsigned char	ended[ENDED_KEPT][TOKEN_HASH_BYTES]; /* by number */
	int64_t		ended_after;	/* it has those from here to seen */
	struct buf	ids;		/* of those used, not told yet */
	struct buf	told;		/* the text of tokens_take_used() */
	uint64_t	round;
	int64_t		told_ms;
};

struct tokens *
tokens_new(void)
{
	struct tokens	*t = must_alloc(sizeof(*t));

	t->round = 1;
	return t;
}

void
tokens_destroy(struct tokens **self_p)
{
	if (*self_p == NULL)
		return;
	buf_done(&(*self_p)->ids);
	buf_done(&(*self_p)->told);
	free(*self_p);
	*self_p = NULL;
}

static struct entry *
set_of(struct tokens *t, const unsigned char *hash)
{
	uint32_t	at;

	/* each byte of a hash is as good as random */
	memcpy(&at, hash, sizeof(at));
	return t->sets[at % SETS];
}

static struct entry *
find_entry(struct tokens *t, const unsigned char *hash)
{
	struct entry	*set = set_of(t, hash);

	for (int i = 0; i < WAYS; i++)
		if (set[i].user_id != 0 &&
		    memcmp(set[i].hash, hash, TOKEN_HASH_BYTES) == 0)
			return &set[i];
	return NULL;
}

void
tokens_keep(struct tokens *t, const unsigned char *hash, int64_t user_id,
    int64_t rights, int64_t expires_us)
{
	struct entry	*set = set_of(t, hash), *oldest = find_entry(t, hash);

	for (int i = 0; i < WAYS && oldest == NULL; i++)
		if (set[i].user_id == 0)
			oldest = &set[i];
	if (oldest == NULL) {
		oldest = set;
		for (int i = 1; i < WAYS; i++)
			if (set[i].used < oldest->used)
				oldest = &set[i];
	}
	if (memcmp(oldest->hash, hash, TOKEN_HASH_BYTES) != 0)
		*oldest = (struct entry){ 0 };
	memcpy(oldest->hash, hash, TOKEN_HASH_BYTES);
	oldest->user_id = user_id;
	oldest->rights = rights;
	oldest->expires_us = expires_us;
	oldest->used = ++t->uses;
}

void
tokens_forget(struct tokens *t, const unsigned char *hash)
{
	struct entry	*e = find_entry(t, hash);

	if (e != NULL)
		*e = (struct entry){ 0 };
}

void
tokens_number(struct tokens *t, const unsigned char *hash, int64_t id)
{
	struct entry	*e = find_entry(t, hash);

	if (e != NULL)
		e->id = id;
}

/* Note the id of a token that was used, once in each round. */
static void
note_use(struct tokens *t, struct entry *e)
{
	if (e->round == t->round || e->id == 0)
		return;
	e->round = t->round;
	if (t->ids.len > IDS_MOST_BYTES)
		return;
	buf_put_byte(&t->ids, t->ids.len == 0 ? '[' : ',');
	json_put_number(&t->ids, e->id);
}

void
tokens_use(struct tokens *t, const unsigned char *hash)
{
	struct entry	*e = find_entry(t, hash);

	if (e != NULL)
		note_use(t, e);
}

bool
tokens_take_used(struct tokens *t, int64_t now_ms, struct text *ret)
{
	struct buf	spare = t->told;

	if (t->ids.len == 0 || (t->told_ms != 0 &&
	    now_ms - t->told_ms < TOKENS_TELL_MS))
		return false;
	buf_put_byte(&t->ids, ']');
	*ret = (struct text){ t->ids.base, t->ids.len };
	t->told = t->ids;
	t->ids = spare;
	t->ids.len = 0;
	t->told_ms = now_ms;
	t->round++;
	return true;
}

/* The wall clock of the user service, which may differ from ours. */
static int64_t
user_now_us(const struct tokens *t)
{
	return t->timed ? clock_ms() * 1000 + t->apart_us : wall_us();
}

bool
tokens_find(struct tokens *t, const unsigned char *hash, int64_t *ret_user_id,
    int64_t *ret_rights)
{
	struct entry	*e = find_entry(t, hash);

	if (e == NULL)
		return false;
	if (e->expires_us <= user_now_us(t))
		return false;
	e->used = ++t->uses;
	note_use(t, e);
	*ret_user_id = e->user_id;
	*ret_rights = e->rights;
	return true;
}

void
tokens_tell(const struct tokens *t, struct args *ret)
{
	args_put_number(ret, KEY_SEEN, t->heard ? t->seen : -1);
}

uint64_t
tokens_endings(const struct tokens *t)
{
	return t->endings;
}

bool
tokens_is_past(const struct tokens *t, const unsigned char *hash,
    const struct answer *a)
{
	int64_t	as_of = args_number(&a->extra, KEY_AS_OF, t->seen);

	if (!t->heard || as_of >= t->seen)
		return false;
	if (as_of < t->ended_after)
		return true;
	for (int64_t n = t->seen; n > as_of; n--)
		if (memcmp(t->ended[(uint64_t)n % ENDED_KEPT], hash,
		    TOKEN_HASH_BYTES) == 0)
			return true;
	return false;
}

/* It is not known which tokens were revoked up to here. */
static void
forget_all_tokens(struct tokens *t, int64_t seen)
{
	t->endings++;
	t->ended_after = seen;
	memset(t->sets, 0, sizeof(t->sets));
}

/*
 * A process whose store is a moment behind another's tells nothing new. But if
 * no process is as far for a while, no store is: the number that was heard was
 * wrong, and what was revoked meanwhile was not told.
 */
static bool
is_store_behind(struct tokens *t, int64_t now_ms)
{
	if (t->behind_ms == 0)
		t->behind_ms = now_ms;
	return now_ms - t->behind_ms < BEHIND_MOST_MS;
}

/* An earlier version does not tell its clock: then ours counts. */
static void
take_clock(struct tokens *t, const struct args *extra, int64_t now_ms)
{
	int64_t	told_us = args_number(extra, KEY_WALL, -1);

	t->timed = told_us >= 0 && told_us <= WALL_MOST_US;
	t->apart_us = t->timed ? told_us - now_ms * 1000 : 0;
}

/* Take the last `count` revocations up to `seen`. */
static void
take_ended(struct tokens *t, const unsigned char *hashes, int64_t count,
    int64_t seen)
{
	for (int64_t i = 0; i < count; i++) {
		tokens_forget(t, hashes + i * TOKEN_HASH_BYTES);
		memcpy(t->ended[(uint64_t)(seen - count + 1 + i) % ENDED_KEPT],
		    hashes + i * TOKEN_HASH_BYTES, TOKEN_HASH_BYTES);
	}
	if (t->ended_after < seen - ENDED_KEPT)
		t->ended_after = seen - ENDED_KEPT;
}

void
tokens_hear(struct tokens *t, const struct answer *a, int64_t now_ms)
{
	struct text	revoked = args_text(&a->extra, KEY_REVOKED);
	int64_t		seen = args_number(&a->extra, KEY_SEEN, -1);
	int64_t		stream = args_number(&a->extra, KEY_STREAM, 0);
	int64_t		count = (int64_t)(revoked.len / TOKEN_HASH_BYTES);

	if (a->error != OK || seen < 0)
		return;
	take_clock(t, &a->extra, now_ms);
	if (t->heard && stream == t->stream && seen < t->seen &&
	    is_store_behind(t, now_ms))
		return;
	t->behind_ms = 0;
	/* the first time; or the store is another one; or some revocations
	 * since then are missing: there were too many, or they were told in
	 * a PONG that did not arrive */
	if (!t->heard || stream != t->stream || seen < t->seen ||
	    seen - count > t->seen)
		forget_all_tokens(t, seen);
	t->endings += count > 0;
	take_ended(t, (const unsigned char *)revoked.base, count, seen);
	t->seen = seen;
	t->stream = stream;
	t->heard = true;
}
