/*
 * Rows of calls: two queues of them, and a hash table. A row that is empty is
 * kept until its round is over, so that its user gets one turn in a round, as
 * all others do.
 */
#include "services/runtime/lane/turns.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"

#define SHARE	8	/* of a row: so many times what is left */

struct row {
	int64_t		  user;
	struct call	 *first;
	struct call	**last;
	unsigned	  count;
	size_t		  bytes;
	struct row	 *next;
	struct row	 *chained;
};

void
turns_init(struct turns *t, unsigned most, size_t bytes_most)
{
	*t = (struct turns){ .most = most, .bytes_most = bytes_most };
	t->round_end = &t->round;
	t->had_end = &t->had;
}

/* Where the pointer to a user's row is, or would be. */
static struct row **
place_of(struct turns *t, int64_t user)
{
	struct row	**p = &t->chains[hash_mix(0, (uint64_t)user) %
			    TURNS_CHAINS];

	while (*p != NULL && (*p)->user != user)
		p = &(*p)->chained;
	return p;
}

static void
append(struct row ***end, struct row *r)
{
	r->next = NULL;
	**end = r;
	*end = &r->next;
}

static struct row *
make_row(struct turns *t, struct row **place, int64_t user)
{
	struct row	*r = must_alloc(sizeof(*r));

	r->user = user;
	r->last = &r->first;
	*place = r;
	append(&t->round_end, r);
	return r;
}

static bool
has_room(const struct turns *t, const struct row *r)
{
	if (t->count >= t->most || t->bytes >= t->bytes_most)
		return false;
	return r == NULL || (r->count < SHARE * (t->most - t->count) &&
	    r->bytes < SHARE * (t->bytes_most - t->bytes));
}

bool
turns_put(struct turns *t, struct call *c)
{
	struct row	**place = place_of(t, c->request.actor), *r = *place;

	if (!has_room(t, r))
		return false;
	if (r == NULL)
		r = make_row(t, place, c->request.actor);
	c->next = NULL;
	*r->last = c;
	r->last = &c->next;
	r->count++;
	r->bytes += c->kept_bytes;
	t->count++;
	t->bytes += c->kept_bytes;
	return true;
}

static void
start_round(struct turns *t)
{
	t->round = t->had;
	t->round_end = t->had == NULL ? &t->round : t->had_end;
	t->had = NULL;
	t->had_end = &t->had;
}

/* The row whose turn it is, or is over: it is in neither queue then. */
static struct row *
take_row(struct turns *t)
{
	struct row	*r;

	if (t->round == NULL)
		start_round(t);
	r = t->round;
	t->round = r->next;
	if (t->round == NULL)
		t->round_end = &t->round;
	return r;
}

static void
free_row(struct turns *t, struct row *r)
{
	*place_of(t, r->user) = r->chained;
	free(r);
}

static void
free_all(struct turns *t)
{
	while (t->round != NULL || t->had != NULL)
		free_row(t, take_row(t));
}

/* The next row that something is in. */
static struct row *
take_turn(struct turns *t)
{
	struct row	*r;

	while ((r = take_row(t))->first == NULL)
		free_row(t, r);
	return r;
}

struct call *
turns_take(struct turns *t)
{
	struct row	*r;
	struct call	*c;

	if (t->count == 0)
		return NULL;
	r = take_turn(t);
	c = r->first;
	r->first = c->next;
	if (r->first == NULL)
		r->last = &r->first;
	r->count--;
	r->bytes -= c->kept_bytes;
	t->count--;
	t->bytes -= c->kept_bytes;
	append(&t->had_end, r);
	if (t->count == 0)
		free_all(t);
	return c;
}
