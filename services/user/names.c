/* Forms of names: folded usernames and addresses, and words. */
#include "services/user/names.h"

#include "base/log.h"

/* Those that an import or an earlier version has left stay as they are. */
static enum err
log_alike(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_USERS_ALIKE);
	struct text	what, ids;

	while (stmt_next(&st)) {
		what = stmt_text(&st, 0);
		ids = stmt_text(&st, 1);
		log_warn("%.*s: it reads the same of the users %.*s, who must "
		    "log in with exactly their own", (int)what.len, what.base,
		    (int)ids.len, ids.base);
	}
	return op_end(c, &st, OK);
}

enum err
names_fold(struct call *c)
{
	static const int	statements[] = {
		SQL_USERS_FOLD, SQL_USERNAME_TWINS, SQL_EMAIL_TWINS,
		SQL_USERS_WORDS
	};
	enum err		e = OK;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) &&
	    e == OK; i++)
		e = op_change(c, statements[i], NULL);
	return e != OK ? e : log_alike(c);
}
