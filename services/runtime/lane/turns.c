/*
 * Rows of calls, in two queues and in a hash table. An empty row is kept until
 * its round is over, so that its user has no second turn in that round.
 */
#include "services/runtime/lane/turns.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"

#define SHARE	8	/* a row may be so many times what is left */

struct turn_row {
	int64_t		  user;
	struct call	 *first;
	struct call	**last;
	unsigned	  count;
	size_t		  bytes;
	struct turn_row	 *next;
	struct turn_row	 *chained;
};

void
turns_init(struct turns *t, unsigned most, size_t bytes_most)
{
	*t = (struct turns){ .most = most, .bytes_most = bytes_most };
	t->round_end = &t->round;
	t->had_end = &t->had;
}

/* Where the pointer to a user's row is, or is to be. */
static struct turn_row **
row_place(struct turns *t, int64_t user)
{
	struct turn_row	**p = &t->chains[hash_mix(0, (uint64_t)user) %
			    TURNS_CHAINS];

	while (*p != NULL && (*p)->user != user)
		p = &(*p)->chained;
	return p;
}

static void
append_row(struct turn_row ***end, struct turn_row *r)
{
	r->next = NULL;
	**end = r;
	*end = &r->next;
}

static struct turn_row *
make_row(struct turns *t, struct turn_row **place, int64_t user)
{
	struct turn_row	*r = must_alloc(sizeof(*r));

	r->user = user;
	r->last = &r->first;
	*place = r;
	append_row(&t->round_end, r);
	return r;
}

static bool
row_has_room(const struct turns *t, const struct turn_row *r)
{
	if (t->count >= t->most || t->bytes >= t->bytes_most)
		return false;
	return r == NULL || (r->count < SHARE * (t->most - t->count) &&
	    r->bytes < SHARE * (t->bytes_most - t->bytes));
}

bool
turns_put(struct turns *t, struct call *c)
{
	struct turn_row	**place = row_place(t, c->request.actor), *r = *place;

	if (!row_has_room(t, r))
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

/* Take the next row out of its queue; a new round begins if need be. */
static struct turn_row *
take_row(struct turns *t)
{
	struct turn_row	*r;

	if (t->round == NULL)
		start_round(t);
	r = t->round;
	t->round = r->next;
	if (t->round == NULL)
		t->round_end = &t->round;
	return r;
}

static void
free_row(struct turns *t, struct turn_row *r)
{
	*row_place(t, r->user) = r->chained;
	free(r);
}

static void
free_all(struct turns *t)
{
	while (t->round != NULL || t->had != NULL)
		free_row(t, take_row(t));
}

/* Take the next row that has a call, and free the empty ones before it. */
static struct turn_row *
take_full_row(struct turns *t)
{
	struct turn_row	*r;

	while ((r = take_row(t))->first == NULL)
		free_row(t, r);
	return r;
}

struct call *
turns_take(struct turns *t)
{
	struct turn_row	*r;
	struct call	*c;

	if (t->count == 0)
		return NULL;
	r = take_full_row(t);
	c = r->first;
	r->first = c->next;
	if (r->first == NULL)
		r->last = &r->first;
	r->count--;
	r->bytes -= c->kept_bytes;
	t->count--;
	t->bytes -= c->kept_bytes;
	append_row(&t->had_end, r);
	if (t->count == 0)
		free_all(t);
	return c;
}
