/* Rows of calls: a ring of them, and a hash table. */
#include "turns.h"

#include <stdlib.h>

#include "proto/log.h"

#define SHARE	8	/* of a row: so many times what is left */

struct row {
	int64_t		  user;
	struct call	 *first;
	struct call	**last;
	unsigned	  count;
	size_t		  bytes;
	struct row	 *next, *previous;	/* in the ring */
	struct row	 *chained;
};

void
turns_init(struct turns *t, unsigned most, size_t bytes_most)
{
	*t = (struct turns){ .most = most, .bytes_most = bytes_most };
}

/* Where the pointer to a user's row is, or would be. */
static struct row **
place_of(struct turns *t, int64_t user)
{
	struct row	**p = &t->chains[op_mix(0, (uint64_t)user) %
			    TURNS_CHAINS];

	while (*p != NULL && (*p)->user != user)
		p = &(*p)->chained;
	return p;
}

/* Before the one whose turn it is: all others come first. */
static void
enter_ring(struct turns *t, struct row *r)
{
	struct row	*turn = t->turn;

	if (turn == NULL) {
		t->turn = r->next = r->previous = r;
		return;
	}
	r->next = turn;
	r->previous = turn->previous;
	r->previous->next = turn->previous = r;
}

static void
leave_ring(struct turns *t, struct row *r)
{
	if (t->turn == r)
		t->turn = r->next == r ? NULL : r->next;
	r->next->previous = r->previous;
	r->previous->next = r->next;
}

static struct row *
make_row(struct turns *t, struct row **place, int64_t user)
{
	struct row	*r = must_alloc(sizeof(*r));

	r->user = user;
	r->last = &r->first;
	*place = r;
	enter_ring(t, r);
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

struct call *
turns_take(struct turns *t)
{
	struct row	*r = t->turn, **place;
	struct call	*c;

	if (r == NULL)
		return NULL;
	c = r->first;
	r->first = c->next;
	r->count--;
	r->bytes -= c->kept_bytes;
	t->count--;
	t->bytes -= c->kept_bytes;
	t->turn = r->next;
	if (r->first == NULL) {
		place = place_of(t, r->user);
		*place = r->chained;
		leave_ring(t, r);
		free(r);
	}
	return c;
}
