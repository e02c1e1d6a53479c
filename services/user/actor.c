/* Who asks for a write. */
#include "services/user/actor.h"

static bool
is_operator(const struct request *r)
{
	return r->actor == 0 && (r->rights & RIGHT_ADMIN) != 0;
}

enum err
actor_find(struct call *c)
{
	sqlite3_stmt	*st;
	enum err	 e, done;

	if (is_operator(&c->request))
		return OK;
	st = op_statement(c, SQL_ACTOR);
	if (op_step(c, st, &e) == SQLITE_ROW)
		c->request.rights = sqlite3_column_int64(st, 0);
	else if (e == OK)
		e = ERR_UNAUTHORIZED;
	done = op_done(c, st);
	return e != OK ? e : done;
}
