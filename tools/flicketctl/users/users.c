/* Requests to the user service. */
#include "tools/flicketctl/users/users.h"

#include <stdio.h>
#include <string.h>

#include "base/line.h"
#include "base/log.h"
#include "services/user/account.h"
#include "tools/flicketctl/cli/member.h"

enum {
	WAIT_MS = 3000,		/* for the service to be there */
	PAGE_USERS = 500,
	PAGE_GROUPS = 1000
};

bool
users_open(struct users *u)
{
	*u = (struct users){ 0 };
	settings_load(&u->settings);
	if (!peers_enter(&u->settings, NULL))
		return false;
	peers_open(&u->peers, &u->settings, SERVICE_USER);
	peers_ping(&u->peers, WAIT_MS, true);
	u->peer = peers_choose(&u->peers, SERVICE_USER, true);
	if (u->peer == NULL)
		return cli_fail("the user service does not answer at "
		    "%s; is the desk running? `flicketctl status` tells",
		    u->settings.user_endpoint);
	return true;
}

void
users_close(struct users *u)
{
	if (u->peers.frames != NULL)
		peers_close(&u->peers);
}

bool
users_ask(struct users *u, enum op_code op, const struct args *args,
    struct answer *ret)
{
	struct text	message;

	if (!peers_ask(&u->peers, u->peer, op, args, ret))
		return cli_fail("the user service did not answer; "
		    "whether it did what it was asked is not known");
	if (ret->error == OK)
		return true;
	message = peers_message(ret);
	return cli_fail("%.*s", (int)message.len, message.base);
}

char *
users_trimmed(const char *name)
{
	struct text	t = line_trim(text_of(name));
	char		*copy = strndup(t.base, t.len);

	CHECK(copy != NULL);
	return copy;
}

void
users_put(struct args *args, enum key key, const char *text)
{
	if (text == NULL)
		return;
	args_put_text(args, key, key_info(key)->form == FORM_LINE ?
	    line_trim(text_of(text)) : text_of(text));
}

bool
users_misfit(enum key key, const char *text, char *ret, size_t size)
{
	const struct key_info	*info = key_info(key);
	struct args		 args = { 0 };
	const char		*refusal;

	users_put(&args, key, text);
	if (text_characters(args_text(&args, key)) == -1) {
		snprintf(ret, size, "%s is not UTF-8.", info->name);
		return true;
	}
	if (!args_in_bounds(key, args_value(&args, key))) {
		args_say_misfit(key, info->name, args_text(&args, key), ret,
		    size);
		return true;
	}
	refusal = account_refusal(&args, &key);
	if (refusal != NULL)
		snprintf(ret, size, "%s", refusal);
	return refusal != NULL;
}

/* Read the fragment of an answer, which must be an array. */
static json_t *
array_of(const struct answer *a)
{
	json_t	*list = json_loadb(a->fragment.base, a->fragment.len, 0, NULL);

	if (json_is_array(list))
		return list;
	json_decref(list);
	cli_fail("the user service's answer is not understood; is it "
	    "of another version?");
	return NULL;
}

static json_t *
ask_users(struct users *u, int64_t after, const char *username)
{
	struct args	args = { 0 };
	struct answer	a;

	args_put_number(&args, KEY_LIMIT, PAGE_USERS);
	args_put_number(&args, KEY_ID, after);
	/* as it is: an import may have brought blanks at its ends */
	if (username != NULL)
		args_put_text(&args, KEY_USERNAME, text_of(username));
	return users_ask(u, OP_USER_EXPORT, &args, &a) ? array_of(&a) :
	    NULL;
}

json_t *
users_all(struct users *u)
{
	json_t	*all = json_array(), *page;
	size_t	 n = PAGE_USERS;
	int64_t	 last = 0;

	while (n == PAGE_USERS) {
		page = ask_users(u, last, NULL);
		if (page == NULL) {
			json_decref(all);
			return NULL;
		}
		n = json_array_size(page);
		if (n > 0)
			last = member_number(json_array_get(page, n - 1), "id");
		json_array_extend(all, page);
		json_decref(page);
	}
	return all;
}

/* The user of a list that has exactly this name; NULL: no user has it. */
static json_t *
pick_exact(const json_t *list, const char *member, const char *name)
{
	json_t	*user;
	size_t	 i;

	json_array_foreach(list, i, user)
		if (strcmp(member_text(user, member), name) == 0)
			return user;
	return NULL;
}

static void
fail_alike(const json_t *list, const char *name)
{
	const json_t	*first = json_array_get(list, 0);
	const json_t	*second = json_array_get(list, 1);

	cli_fail("\"%s\" fits several users, and none exactly: %s (id %lld), "
	    "%s (id %lld)%s", name, member_text(first, "username"),
	    (long long)member_number(first, "id"),
	    member_text(second, "username"),
	    (long long)member_number(second, "id"),
	    json_array_size(list) > 2 ? " and others" : "");
}

json_t *
users_find(struct users *u, const char *name)
{
	json_t	*list = ask_users(u, 0, name), *found;

	if (list == NULL)
		return NULL;
	found = pick_exact(list, "username", name);
	if (found == NULL)
		found = pick_exact(list, "email", name);
	if (found == NULL && json_array_size(list) == 1)
		found = json_array_get(list, 0);
	json_incref(found);
	if (found == NULL && json_array_size(list) > 1)
		fail_alike(list, name);
	else if (found == NULL)
		cli_fail("there is no user \"%s\"; `flicketctl user "
		    "list` lists them", name);
	json_decref(list);
	return found;
}

json_t *
users_groups(struct users *u)
{
	struct args	args = { 0 };
	struct answer	a;

	args_put_number(&args, KEY_PAGE, 1);
	args_put_number(&args, KEY_PER_PAGE, PAGE_GROUPS);
	users_put(&args, KEY_FIELDS, "id,group_name,total_members");
	return users_ask(u, OP_GROUP_LIST, &args, &a) ? array_of(&a) : NULL;
}

int64_t
users_group_id(const json_t *groups, const char *name)
{
	const json_t	*group;
	size_t		 i;

	json_array_foreach(groups, i, group)
		if (strcmp(member_text(group, "group_name"), name) == 0)
			return member_number(group, "id");
	return 0;
}

bool
users_join(struct users *u, int64_t user_id, int64_t group_id)
{
	struct args	args = { 0 };
	struct answer	a;

	args_put_number(&args, KEY_GROUP_ID, group_id);
	args_put_number(&args, KEY_USER_ID, user_id);
	return users_ask(u, OP_MEMBER_ADD, &args, &a);
}
