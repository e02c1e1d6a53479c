/* Following the changes since a search. */
#include "services/ticket/search/follow.h"

#include "services/ticket/search/find.h"
#include "services/ticket/ticket.h"

/* Of rows of table `changes`, which has more; each costs two small searches. */
#define CHANGES_MOST	32

struct changed {
	int64_t	ids[CHANGES_MOST];
	bool	has[CHANGES_MOST];	/* it is to be found */
	size_t	count;
};

static bool
is_prefix(const struct expression *x)
{
	return x->form.len > 0 && memchr(x->form.base, '*', x->form.len) !=
	    NULL;
}

/*
 * FTS5 reads all words with a beginning, whatever ticket it is asked for. What
 * a score is made of is not known here.
 */
static bool
can_follow(const struct query *q, const struct columns *k,
    const struct result *r)
{
	return !r->found.passing && r->found.scores == NULL &&
	    r->stream == k->stream && r->seq <= k->seq &&
	    k->seq - r->seq <= CHANGES_MOST && !is_prefix(&q->match) &&
	    !is_prefix(&q->excluded);
}

/* Ticket 0 is for names, or for another form of all words. */
static enum err
read_changed(struct call *c, int64_t seq, struct changed *ret, bool *ret_known)
{
	struct stmt	st = op_stmt(c, SQL_CHANGES_SINCE);
	int64_t		id;

	stmt_bind_number(&st, KEY_SEQ, seq);
	*ret_known = true;
	while (*ret_known && stmt_next(&st)) {
		id = stmt_number(&st, 0);
		*ret_known = id != 0 && ret->count < CHANGES_MOST;
		if (*ret_known)
			ret->ids[ret->count++] = id;
	}
	return op_end(c, &st, OK);
}

static enum err
look_again(struct call *c, const struct query *q, struct changed *changed)
{
	enum err	e = OK;

	for (size_t i = 0; i < changed->count && e == OK; i++)
		e = find_in_ticket(c, q, changed->ids[i], &changed->has[i]);
	return e;
}

/* Have places for all tickets that have changed; false if that cannot be. */
static bool
make_places(struct found *found, const struct changed *changed)
{
	for (size_t i = 0; i < changed->count; i++)
		if (!found_reach(found, changed->ids[i]))
			return false;
	return true;
}

enum err
follow_changes(struct call *c, const struct query *q, const struct columns *k,
    struct result *r, bool *ret)
{
	struct changed	changed = { .count = 0 };
	enum err	e = OK;

	*ret = can_follow(q, k, r);
	if (*ret)
		e = read_changed(c, r->seq, &changed, ret);
	if (e == OK && *ret)
		e = look_again(c, q, &changed);
	*ret = *ret && e == OK && make_places(&r->found, &changed);
	if (!*ret)
		return e;
	for (size_t i = 0; i < changed.count; i++)
		r->found.hits[found_place(&r->found, changed.ids[i])] =
		    changed.has[i];
	r->seq = k->seq;
	return OK;
}
