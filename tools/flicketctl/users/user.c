/* flicketctl user: users of a desk that runs. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/visible.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/secret.h"
#include "tools/flicketctl/cli/term.h"
#include "tools/flicketctl/users/users.h"

/* Print a user, without its password's hash. */
static void
print_user_json(json_t *user)
{
	json_object_del(user, "password");
	member_print(user);
}

/* Report what was done: a line or, as JSON, the changed user. */
static int
report_done(struct users *u, const struct cli *c, const char *username,
    const char *what)
{
	json_t	*user;

	if (!cli_has(c, "json")) {
		visible_printf(stdout, "%s: %s\n", username, what);
		return STATUS_OK;
	}
	user = users_find(u, username);
	if (user == NULL)
		return STATUS_FAILED;
	print_user_json(user);
	json_decref(user);
	return STATUS_OK;
}

/* --- add ------------------------------------------------------------------- */

static const struct {
	const char	*option;
	enum key	 key;
	bool		 needed;
} fields[] = {
	{ "name", KEY_NAME, true },
	{ "email", KEY_EMAIL, true },
	{ "job-title", KEY_JOB_TITLE, false },
	{ "locale", KEY_LOCALE, false },
};

static bool
check_field(enum key key, const char *text)
{
	char	misfit[256];

	return !users_misfit(key, text, misfit, sizeof(misfit)) ||
	    cli_fail("%s", misfit);
}

static bool
take_fields(const struct cli *c, struct args *args)
{
	const char	*value;

	if (!check_field(KEY_USERNAME, cli_arg(c, 0, "")))
		return false;
	users_put(args, KEY_USERNAME, cli_arg(c, 0, ""));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		value = cli_value(c, fields[i].option);
		if (value != NULL && !check_field(fields[i].key, value))
			return false;
		users_put(args, fields[i].key, value);
	}
	if (cli_has(c, "disabled"))
		args_put_number(args, KEY_DISABLED, 1);
	return true;
}

/*
 * Have the service hash a password, with its cost and its bounds. The hash goes
 * to `hash`; the password is wiped.
 */
static bool
hash_password(struct users *u, char *password, struct buf *hash)
{
	struct args	args = { 0 };
	struct answer	a;
	struct text	made;
	bool		ok;

	users_put(&args, KEY_PASSWORD, password);
	ok = users_ask(u, OP_PASSWORD_HASH, &args, &a);
	sodium_memzero(password, SECRET_SIZE);
	if (!ok)
		return false;
	made = args_text(&a.extra, KEY_PASSWORD_HASH);
	buf_put(hash, made.base, made.len);
	return true;
}

/* The id of a group; 0 if name is NULL. False after a message. */
static bool
take_group(struct users *u, const char *name, int64_t *ret)
{
	json_t	*groups;

	*ret = 0;
	if (name == NULL)
		return true;
	groups = users_groups(u);
	if (groups == NULL)
		return false;
	*ret = users_group_id(groups, name);
	json_decref(groups);
	return *ret != 0 || cli_fail("there is no group \"%s\"; "
	    "`flicketctl user group` lists them", name);
}

static bool
create_user(struct users *u, const struct cli *c, char *password)
{
	struct args	args = { 0 };
	struct answer	a;
	struct buf	hash = { 0 };
	int64_t		group = 0;
	bool		ok;

	ok = take_fields(c, &args) &&
	    take_group(u, cli_value(c, "group"), &group) &&
	    (cli_has(c, "no-password") || hash_password(u, password, &hash));
	if (ok) {
		args_put_text(&args, KEY_PASSWORD_HASH, (struct text){
		    hash.base == NULL ? "" : hash.base, hash.len });
		ok = users_ask(u, OP_USER_CREATE, &args, &a);
	}
	if (ok && group != 0)
		ok = users_join(u, args_number(&a.extra, KEY_ID, 0), group);
	buf_done(&hash);
	return ok;
}

int
user_add_run(const struct cli *c)
{
	static struct users	u;
	char			password[SECRET_SIZE] = "", *username;
	int			status = STATUS_FAILED;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].needed && !cli_has(c, fields[i].option))
			return cli_usage(c->command, "--%s is missing",
			    fields[i].option);
	if (cli_has(c, "no-password") && cli_has(c, "password-file"))
		return cli_usage(c->command, "--no-password or "
		    "--password-file, not both");
	/* a relative --password-file is relative to where we are called */
	if (!cli_has(c, "no-password") &&
	    !term_read_secret(cli_value(c, "password-file"), password))
		return STATUS_FAILED;
	username = users_trimmed(cli_arg(c, 0, ""));
	if (users_open(&u) && create_user(&u, c, password))
		status = report_done(&u, c, username, "added");
	free(username);
	sodium_memzero(password, sizeof(password));
	users_close(&u);
	return status;
}

/* --- password, disable, enable --------------------------------------------- */

static bool
set_password(struct users *u, const json_t *user, const char *password)
{
	static const char	no_token[32];
	struct args		args = { 0 };
	struct answer		a;
	struct text		made;
	struct buf		hash = { 0 };
	bool			ok;

	args_put_number(&args, KEY_ID, member_number(user, "id"));
	users_put(&args, KEY_NEW_PASSWORD, password);
	if (!users_ask(u, OP_PASSWORD_CHANGE, &args, &a))
		return false;
	made = args_text(&a.extra, KEY_PASSWORD_HASH);
	buf_put(&hash, made.base, made.len);
	args = (struct args){ 0 };
	args_put_number(&args, KEY_ID, member_number(user, "id"));
	args_put_text(&args, KEY_PASSWORD_HASH,
	    (struct text){ hash.base, hash.len });
	/* the token that stays valid: none has this hash */
	args_put_text(&args, KEY_TOKEN_HASH,
	    (struct text){ no_token, sizeof(no_token) });
	ok = users_ask(u, OP_USER_PASSWORD, &args, &a);
	buf_done(&hash);
	return ok;
}

int
user_password_run(const struct cli *c)
{
	static struct users	 u;
	const char		*username = cli_arg(c, 0, "");
	char			 password[SECRET_SIZE];
	json_t			*user = NULL;
	int			 status = STATUS_FAILED;

	if (!term_read_secret(cli_value(c, "password-file"), password))
		return STATUS_FAILED;
	if (users_open(&u) && (user = users_find(&u, username)) != NULL &&
	    set_password(&u, user, password))
		status = report_done(&u, c, member_text(user, "username"),
		    "has a new password; its tokens have ended");
	sodium_memzero(password, sizeof(password));
	json_decref(user);
	users_close(&u);
	return status;
}

static int
switch_user(const struct cli *c, bool disabled)
{
	static struct users	 u;
	const char		*username = cli_arg(c, 0, "");
	struct args		 args = { 0 };
	struct answer		 a;
	json_t			*user = NULL;
	bool			 was, ok;
	int			 status = STATUS_FAILED;

	if (users_open(&u) && (user = users_find(&u, username)) != NULL) {
		was = json_is_true(json_object_get(user, "disabled"));
		args_put_number(&args, KEY_ID, member_number(user, "id"));
		args_put_number(&args, KEY_DISABLED, disabled);
		ok = was == disabled || users_ask(&u, OP_USER_EDIT, &args, &a);
		if (ok)
			status = report_done(&u, c, member_text(user,
			    "username"), was == disabled ?
			    disabled ? "is disabled already" :
			    "is not disabled" : disabled ?
			    "disabled; its tokens have ended" : "enabled");
	}
	json_decref(user);
	users_close(&u);
	return status;
}

int
user_disable_run(const struct cli *c)
{
	return switch_user(c, true);
}

int
user_enable_run(const struct cli *c)
{
	return switch_user(c, false);
}

/* --- groups ---------------------------------------------------------------- */

static int
print_groups(struct users *u, const struct cli *c)
{
	json_t	*groups = users_groups(u), *group;
	size_t	 i;

	if (groups == NULL)
		return STATUS_FAILED;
	if (cli_has(c, "json")) {
		member_print(groups);
	} else {
		json_array_foreach(groups, i, group) {
			term_put(TERM_PLAIN, member_text(group, "group_name"),
			    30);
			printf(" %lld\n", (long long)member_number(group,
			    "total_members"));
		}
	}
	json_decref(groups);
	return STATUS_OK;
}

static bool
has_group(const json_t *user, const char *name)
{
	const json_t	*group;
	size_t		 i;

	json_array_foreach(json_object_get(user, "groups"), i, group)
		if (strcmp(json_string_value(group), name) == 0)
			return true;
	return false;
}

/* Make a user a member of a group, or end that, unless it is so already. */
static bool
change_group(struct users *u, const json_t *user, const char *name, bool join)
{
	struct args	args = { 0 };
	struct answer	a;
	int64_t		group;

	if (name == NULL)
		return true;
	if (!take_group(u, name, &group))
		return false;
	if (has_group(user, name) == join)
		return true;
	if (join)
		return users_join(u, member_number(user, "id"), group);
	args_put_number(&args, KEY_GROUP_ID, group);
	args_put_number(&args, KEY_USER_ID, member_number(user, "id"));
	return users_ask(u, OP_MEMBER_REMOVE, &args, &a);
}

static int
print_memberships(struct users *u, const struct cli *c)
{
	json_t	*user = users_find(u, cli_arg(c, 0, "")), *group;
	size_t	 i;

	if (user == NULL)
		return STATUS_FAILED;
	if (cli_has(c, "json"))
		print_user_json(user);
	else {
		json_array_foreach(json_object_get(user, "groups"), i, group) {
			visible_printf(stdout, "%s\n",
			    json_string_value(group));
		}
	}
	json_decref(user);
	return STATUS_OK;
}

static int
group_of_user(struct users *u, const struct cli *c)
{
	json_t	*user = users_find(u, cli_arg(c, 0, ""));
	bool	 ok;

	ok = user != NULL &&
	    change_group(u, user, cli_value(c, "add"), true) &&
	    change_group(u, user, cli_value(c, "remove"), false);
	json_decref(user);
	return ok ? print_memberships(u, c) : STATUS_FAILED;
}

int
user_group_run(const struct cli *c)
{
	static struct users	u;
	int			status = STATUS_FAILED;

	if (c->count == 0 && (cli_has(c, "add") || cli_has(c, "remove")))
		return cli_usage(c->command, "USERNAME is missing: the user");
	if (users_open(&u))
		status = c->count == 0 ? print_groups(&u, c) :
		    group_of_user(&u, c);
	users_close(&u);
	return status;
}

/* --- list ------------------------------------------------------------------ */

static void
print_list(const json_t *users)
{
	const json_t	*user;
	size_t		 i;

	term_put(TERM_BOLD, "ID", 8);
	term_put(TERM_BOLD, "USERNAME", 26);
	term_put(TERM_BOLD, "STATE", 13);
	term_put(TERM_BOLD, "NAME", 0);
	putchar('\n');
	json_array_foreach(users, i, user) {
		bool	disabled = json_is_true(json_object_get(user,
			    "disabled"));
		bool	none = json_is_null(json_object_get(user, "password"));

		printf("%-8lld", (long long)member_number(user, "id"));
		term_put(TERM_PLAIN, member_text(user, "username"), 26);
		term_put(disabled ? TERM_RED : none ? TERM_YELLOW : TERM_PLAIN,
		    disabled ? "disabled" : none ? "no password" : "", 13);
		visible_printf(stdout, "%s <%s>\n", member_text(user, "name"),
		    member_text(user, "email"));
	}
}

int
user_list_run(const struct cli *c)
{
	static struct users	 u;
	const char		*group = cli_value(c, "group");
	json_t			*users = NULL;
	int64_t			 id;
	size_t			 i = 0;

	if (users_open(&u) && take_group(&u, group, &id))
		users = users_all(&u);
	users_close(&u);
	if (users == NULL)
		return STATUS_FAILED;
	while (i < json_array_size(users))
		if (group != NULL && !has_group(json_array_get(users, i), group))
			json_array_remove(users, i);
		else
			i++;
	if (!cli_has(c, "json"))
		print_list(users);
	else {
		for (i = 0; i < json_array_size(users); i++)
			json_object_del(json_array_get(users, i), "password");
		member_print(users);
	}
	json_decref(users);
	return STATUS_OK;
}
