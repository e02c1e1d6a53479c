/* The user that asks for a write. */
#include "services/user/actor.h"

static bool
is_operator(const struct request *r)
{
	return r->actor == 0 && (r->rights & RIGHT_ADMIN) != 0;
}

enum err
actor_find(struct call *c)
{
	struct stmt	st;
	bool		found;

	if (is_operator(&c->request))
		return OK;
	st = op_stmt(c, SQL_ACTOR);
	found = stmt_next(&st);
	if (found)
		c->request.rights = stmt_number(&st, 0);
	return op_end(c, &st, found ? OK : ERR_UNAUTHORIZED);
}
