/* Ranks: the places of users and categories in the order of their names. */
#include "services/ticket/index/ranks.h"

#include <stdlib.h>
#include <string.h>

#include "services/ticket/index/titles.h"
#include "services/ticket/ticket.h"

/* Rank by a statement that gives ids, each with two names, in their order. */
static enum err
rank_codes(struct call *c, struct codes *codes, int sql)
{
	struct stmt	st = op_stmt(c, sql);
	struct buf	last[2] = { { 0 }, { 0 } };
	uint32_t	rank = 0, code;
	bool		again, other;

	if (codes->count > 0)
		memset(codes->ranks, 0,
		    codes->count * sizeof(codes->ranks[0]));
	while (stmt_next(&st)) {
		again = title_is_again(&last[0], stmt_text(&st, 1));
		other = title_is_again(&last[1], stmt_text(&st, 2));
		if (!again || !other)
			rank += 2;
		code = codes_add(codes, stmt_number(&st, 0));
		codes->ranks[code] = rank;
	}
	buf_done(&last[0]);
	buf_done(&last[1]);
	return op_end(c, &st, OK);
}

/*
 * Whether the codes that tickets use are in the same order as by the ranks
 * `before`. Ranks are even and at most twice the number of codes.
 */
static bool
is_same_order(const struct codes *codes, const uint32_t *before)
{
	uint32_t	*new = must_alloc(((size_t)codes->count + 2) *
			    sizeof(new[0]));
	uint32_t	 least = 0;
	bool		 same = true;

	/* by old rank / 2: the new rank + 1, or 0 if no code has it */
	new[0] = 1;
	for (uint32_t code = 1; code < codes->count && same; code++) {
		uint32_t	*rank = &new[before[code] / 2];

		if (!codes->used[code])
			continue;
		same = *rank == 0 || *rank == codes->ranks[code] + 1;
		*rank = codes->ranks[code] + 1;
	}
	for (uint32_t i = 0; i <= codes->count && same; i++) {
		if (new[i] == 0)
			continue;
		same = new[i] > least;
		least = new[i];
	}
	free(new);
	return same;
}

/* Rank one kind; drop the orders that go by it, unless they are the same. */
static enum err
rank_kind(struct call *c, struct columns *k, enum code_kind kind, int sql)
{
	struct codes	*codes = &k->codes[kind];
	uint32_t	*before = must_alloc(((size_t)codes->room + 1) *
			    sizeof(before[0]));
	uint32_t	 count = codes->count;
	enum err	 e;
	bool		 same;

	if (count > 0)
		memcpy(before, codes->ranks, count * sizeof(before[0]));
	e = rank_codes(c, codes, sql);
	/* tickets do not use the new codes yet */
	before = must_resize(before, ((size_t)codes->room + 1) *
	    sizeof(before[0]));
	memset(before + count, 0, (codes->room + 1 - (size_t)count) *
	    sizeof(before[0]));
	same = e == OK && is_same_order(codes, before);
	free(before);
	if (!same && kind == CODE_CATEGORY)
		order_done(&k->orders[SORT_CATEGORY]);
	else if (!same) {
		order_done(&k->orders[SORT_AUTHOR]);
		order_done(&k->orders[SORT_ASSIGNED]);
	}
	return e;
}

enum err
ranks_update(struct call *c, struct columns *k)
{
	enum err	e;

	if (k->ranked)
		return OK;
	e = rank_kind(c, k, CODE_USER, SQL_USERS_BY_NAME);
	if (e == OK)
		e = rank_kind(c, k, CODE_CATEGORY, SQL_CATEGORIES_BY_NAME);
	k->ranked = e == OK;
	return e;
}
