/* Making, changing and deleting users. */
#include "services/user/account.h"

#include "services/user/avatar.h"
#include "services/user/credential.h"
#include "services/user/email.h"
#include "services/user/login.h"
#include "services/user/password.h"
#include "services/user/token.h"

const char *
account_refusal(const struct args *args, enum key *ret_field)
{
	struct text	 username = args_text(args, KEY_USERNAME);
	const char	*refusal = NULL;

	*ret_field = KEY_EMAIL;
	if (args_has(args, KEY_EMAIL))
		refusal = email_refusal(args_text(args, KEY_EMAIL));
	if (refusal != NULL)
		return refusal;
	*ret_field = KEY_USERNAME;
	/* RFC 7617: the password begins behind the first colon */
	if (memchr(username.base, ':', username.len) != NULL)
		return "username must not have a colon in it: a login would "
		    "end the name there.";
	*ret_field = 0;		/* clients send no hash */
	return password_refusal(args_text(args, KEY_PASSWORD_HASH));
}

/* What an edit does not change may be as an import brought it. */
static enum err
take_away_kept(struct call *c, struct args *args, enum key key)
{
	bool		kept = false;
	enum err	e = OK;

	if (args_has(args, key))
		e = op_keeps(c, key, &kept);
	if (kept)
		args_remove(args, key);
	return e;
}

static enum err
check_fields(struct call *c)
{
	struct args	 args = c->request.args;
	enum err	 e = take_away_kept(c, &args, KEY_EMAIL);
	const char	*refusal;
	enum key	 field;

	if (e == OK)
		e = take_away_kept(c, &args, KEY_USERNAME);
	if (e != OK)
		return e;
	refusal = account_refusal(&args, &field);
	if (refusal == NULL)
		return OK;
	return op_fault(c, FAULT_INVALID, field,
	    op_refuse(c, ERR_BAD_REQUEST, refusal));
}

/* Called before the hash is stored, so before a login can compare it. */
static void
tell_cost(const struct call *c)
{
	int	cost;

	if (password_kind(args_text(&c->request.args, KEY_PASSWORD_HASH),
	    &cost) == PASSWORD_BCRYPT)
		password_has_cost(cost);
}

/* Tell the ticket service what it shows of the user. */
static enum err
tell_user(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_USER_TOLD);
	struct args	told = { 0 };
	enum err	e = OK;

	if (stmt_next(&st)) {
		stmt_args(&st, &told);
		e = op_emit(c, OP_TICKET_USER_CHANGED, &told);
	}
	return op_end(c, &st, e);
}

enum err
account_create(struct call *c)
{
	enum err	e = check_fields(c);

	tell_cost(c);
	if (e == OK)
		e = op_one(c);
	return e != OK ? e : tell_user(c);
}

enum err
account_edit(struct call *c)
{
	enum err	e = check_fields(c);

	if (e == OK)
		e = op_one(c);
	if (e == OK && args_number(&c->request.args, KEY_DISABLED, 0) != 0) {
		e = token_revoke(c, SQL_REVOCATION_OF_USER);
		if (e == OK)
			e = op_change(c, SQL_TOKEN_DELETE_OF_USER, NULL);
	}
	return e != OK ? e : tell_user(c);
}

enum err
account_delete(struct call *c)
{
	enum err	e = token_revoke(c, SQL_REVOCATION_OF_USER);

	if (e == OK)
		e = avatar_unlink_later(c);
	/* the memberships are deleted with the user: groups are touched before */
	if (e == OK)
		e = op_change(c, SQL_USER_TOUCH_GROUPS, NULL);
	return e != OK ? e : op_exec(c);
}

enum err
account_set_password(struct call *c)
{
	bool		holds = false;
	enum err	e = check_fields(c);

	tell_cost(c);
	if (e == OK)
		e = credential_holds(c, SQL_USER_PASSWORD_OF, &holds);
	if (e == OK && !holds)
		return op_fault(c, FAULT_WRONG_PASSWORD, KEY_PASSWORD,
		    op_refuse(c, ERR_BAD_REQUEST, LOGIN_NOT_REPLACED));
	if (e == OK)
		e = op_exec(c);
	if (e == OK)
		e = token_revoke(c, SQL_REVOCATION_OF_OTHERS);
	return e != OK ? e : op_change(c, SQL_TOKEN_DELETE_OTHERS, NULL);
}
