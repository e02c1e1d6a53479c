/* Members of groups. */
#include "services/user/group.h"

#include "services/user/token.h"

static enum err
refuse_user(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct text		 name = args_text(args, KEY_USERNAME);

	if (args_has(args, KEY_USER_ID))
		return op_fault(c, FAULT_NOT_FOUND, KEY_USER_ID,
		    op_refusef(c, ERR_BAD_REQUEST, "user_id: user %lld does "
		    "not exist.", (long long)args_number(args, KEY_USER_ID,
		    0)));
	return op_fault(c, FAULT_NOT_FOUND, KEY_USERNAME,
	    op_refusef(c, ERR_BAD_REQUEST, "username: user \"%.*s\" does not "
	    "exist.", (int)name.len, name.base));
}

/* Find the user that user_id or username names, as USER_ID. */
static enum err
find_member(struct call *c)
{
	struct args	*args = &c->request.args;
	struct stmt	 st = op_stmt(c, SQL_MEMBER_USER);
	bool		 found = stmt_next(&st);
	enum err	 e;

	if (found)
		args_put_number(args, KEY_USER_ID, stmt_number(&st, 0));
	e = op_end(c, &st, OK);
	return e != OK || found ? e : refuse_user(c);
}

/* User and group both show a membership: both get a new version. */
static enum err
touch_both(struct call *c)
{
	enum err	e = op_change(c, SQL_MEMBER_TOUCH_USER, NULL);

	if (e == OK)
		e = op_change(c, SQL_MEMBER_TOUCH_GROUP, NULL);
	return e != OK ? e : token_revoke(c, SQL_REVOCATION_OF_MEMBER);
}

enum err
group_add_member(struct call *c)
{
	enum err	e = find_member(c);
	bool		found = false;

	if (e == OK)
		e = op_finds(c, SQL_MEMBER_FIND, &found);
	if (e == OK && found)
		return op_fault(c, FAULT_ALREADY_SO, 0,
		    op_refuse(c, ERR_CONFLICT,
		    "The user is a member of this group already."));
	if (e == OK)
		e = op_change(c, SQL_MEMBER_INSERT, NULL);
	if (e == OK)
		e = touch_both(c);
	return e != OK ? e : op_one(c);
}

enum err
group_remove_member(struct call *c)
{
	enum err	e = op_exec(c);

	return e != OK ? e : touch_both(c);
}

/* The memberships are deleted with the group: the users are touched before. */
enum err
group_delete(struct call *c)
{
	enum err	e = op_change(c, SQL_GROUP_TOUCH_USERS, NULL);

	return e != OK ? e : op_exec(c);
}
