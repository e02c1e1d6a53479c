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

/* The reply up to which a user has seen a ticket by the mark; -1: not at all. */
static int64_t
seen_by_mark(const struct slot *s, const struct mark *mark, uint32_t own)
{
	if (s->id <= mark->ticket)
		return mark->post;
	return own != 0 && s->author == own ? 0 : -1;
}

static void
want_after_mark(const struct columns *k, const struct mark *mark, uint32_t own,
    uint8_t *wanted)
{
	for (size_t i = 0; i < k->count; i++)
		wanted[i] = seen_by_mark(&k->slots[i], mark, own) <
		    (int64_t)k->newest[i];
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
unread_read(struct call *c, const struct columns *k, struct filter *f)
{
	struct text	 value = args_text(&c->request.args, KEY_UNREAD);
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
	want_after_mark(k, &mark, codes_find(&k->codes[CODE_USER],
	    c->request.actor), wanted);
	e = leave_seen(c, k, wanted);
	values_narrow(&f->chosen, wanted, k->count);
	f->any = true;
	return e;
}
