/* Reading tickets with their marks. */
#include "services/ticket/marks.h"

#include "services/ticket/ticket.h"

bool
member_is_wanted(const struct call *c, const char *member)
{
	struct text	fields = args_text(&c->request.args, KEY_FIELDS);

	return fields.len > 0 && memmem(fields.base, fields.len, member,
	    strlen(member)) != NULL;
}

bool
marks_are_wanted(const struct call *c)
{
	return member_is_wanted(c, "unread") ||
	    member_is_wanted(c, "first_reply") ||
	    member_is_wanted(c, "closed_at");
}

/*
 * The tag of a ticket is that of its version, for If-Match. Whether the user has
 * seen the ticket is told beside it.
 */
enum err
ticket_get(struct call *c)
{
	struct stmt	st;
	bool		unread = false;
	enum err	e;

	if (!marks_are_wanted(c))
		return op_one(c);
	st = op_stmt(c, SQL_TICKET_MARKED);
	e = op_put_one(c, &st);
	if (e == OK)
		e = op_finds(c, SQL_TICKET_IS_UNREAD, &unread);
	args_put_number(&c->answer.extra, KEY_VARIANT, unread);
	return e;
}
