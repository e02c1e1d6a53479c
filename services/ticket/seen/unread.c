/* Which tickets are unread, by the newest replies in the columns. */
#include "services/ticket/seen/unread.h"

#include "services/ticket/list/values.h"
#include "services/ticket/ticket.h"

/* A user's mark; 0, 0: none. */
struct mark {
	int64_t	ticket;
	int64_t	post;
};

static enum err
read_mark(struct call *c, struct mark *ret)
{
	struct stmt	st = op_stmt(c, SQL_SEEN_MARK_OF);

	*ret = (struct mark){ 0 };
	if (stmt_next(&st)) {
		ret->ticket = stmt_number(&st, 0);
		ret->post = stmt_number(&st, 1);
	}
	return op_end(c, &st, OK);
}

/*
 * Up to the ticket of the mark, later replies are unread; after it, all tickets
 * are.
 */
static void
want_after_mark(const struct columns *k, const struct mark *mark,
    uint8_t *wanted)
{
	uint32_t	seen = mark->post > UINT32_MAX ? UINT32_MAX :
			    (uint32_t)mark->post;
	size_t		marked = 0;

	if (k->count > 0)
		marked = mark->ticket >= k->slots[k->count - 1].id ?
		    k->count : slot_lower(k, mark->ticket + 1);
	for (size_t i = 0; i < marked; i++)
		wanted[i] = k->newest[i] > seen;
	if (marked < k->count)
		memset(wanted + marked, 1, k->count - marked);
}

/* Leave out a user's own tickets that nobody has replied to. */
static void
leave_own(struct columns *k, uint32_t user, uint8_t *wanted)
{
	const struct order	*o = columns_order(k, SORT_AUTHOR);
	uint64_t		 rank = codes_rank(&k->codes[CODE_USER], user);
	size_t			 at = order_lower(o, k, SORT_AUTHOR, rank, 0);
	size_t			 to = order_lower(o, k, SORT_AUTHOR, rank,
				    UINT32_MAX);
	struct order_place	 p = order_place(o, at);
	uint32_t		 slot;

	/* other users of the same name have the same rank */
	for (; at < to; at++, order_next(o, &p)) {
		slot = order_slot(o, p);
		if (wanted[slot] != 0 && k->newest[slot] == 0 &&
		    k->slots[slot].author == user)
			wanted[slot] = 0;
	}
}

/* Where there is a row, it counts if it is later than the mark. */
static enum err
leave_seen(struct call *c, const struct columns *k, uint8_t *wanted)
{
	struct stmt		 st = op_stmt(c, SQL_SEEN_OF);
	const struct slot	*slot;

	while (stmt_next(&st)) {
		slot = slot_find(k, stmt_number(&st, 0));
		if (slot != NULL && stmt_number(&st, 1) >=
		    (int64_t)k->newest[slot - k->slots])
			wanted[slot - k->slots] = 0;
	}
	return op_end(c, &st, OK);
}

enum err
unread_read(struct call *c, struct columns *k, struct filter *f)
{
	struct text	 value = args_text(&c->request.args, KEY_UNREAD);
	uint32_t	 own = codes_find(&k->codes[CODE_USER],
			    c->request.actor);
	struct mark	 mark;
	uint8_t		*wanted;
	enum err	 e;

	if (!args_has(&c->request.args, KEY_UNREAD))
		return OK;
	if (!text_same(value, TEXT_OF("me")))
		return op_fault(c, FAULT_INVALID, KEY_UNREAD, op_refuse(c,
		    ERR_BAD_REQUEST, "unread must be `me`: everybody knows "
		    "only what they have seen themselves."));
	e = read_mark(c, &mark);
	if (e != OK)
		return e;
	wanted = must_alloc(k->count + 1);
	want_after_mark(k, &mark, wanted);
	if (own != 0)
		leave_own(k, own, wanted);
	e = leave_seen(c, k, wanted);
	values_narrow(&f->chosen, wanted, k->count);
	f->any = true;
	return e;
}
