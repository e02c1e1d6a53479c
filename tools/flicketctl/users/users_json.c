/*
 * flicketctl user export and import: users in the JSON of Flicket's own
 * export, an array of { username, name, email, password }; password is a
 * bcrypt hash. With --full there is more, which Flicket passes over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/fold.h"
#include "base/log.h"
#include "base/visible.h"
#include "services/user/names.h"
#include "services/user/password.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/shell.h"
#include "tools/flicketctl/users/users.h"

static bool
is_standard(const char *path)
{
	return strcmp(path, "-") == 0;
}

/* --- export ---------------------------------------------------------------- */

static const char *const flicket_fields[] = { "username", "name", "email",
    "password" };
static const char *const full_fields[] = { "job_title", "locale", "disabled",
    "groups" };
#define FIELD_COUNT	(sizeof(flicket_fields) / sizeof(flicket_fields[0]))
#define FULL_COUNT	(sizeof(full_fields) / sizeof(full_fields[0]))

static void
copy_fields(json_t *to, const json_t *from, const char *const *names, size_t n)
{
	json_t	*value;

	for (size_t i = 0; i < n; i++) {
		value = json_object_get(from, names[i]);
		/* Flicket reads texts only: null becomes "" */
		json_object_set_new(to, names[i], names == flicket_fields &&
		    !json_is_string(value) ? json_string("") :
		    json_incref(value));
	}
}

static json_t *
exported(const json_t *users, bool full)
{
	json_t		*list = json_array(), *row;
	const json_t	*user;
	size_t		 i;

	json_array_foreach(users, i, user) {
		row = json_object();
		copy_fields(row, user, flicket_fields, FIELD_COUNT);
		if (full)
			copy_fields(row, user, full_fields, FULL_COUNT);
		json_array_append_new(list, row);
	}
	return list;
}

/* Write a file that only its owner can read. */
static bool
write_export(const char *path, const json_t *list, bool force)
{
	char	*json = json_dumps(list, JSON_INDENT(4));
	size_t	 len;
	bool	 ok;

	CHECK(json != NULL);
	len = strlen(json);
	json[len++] = '\n';
	ok = (force ? file_replace : file_create)(path, json, len, 0600);
	free(json);
	return ok || cli_fail(errno == EEXIST ? "%s: is there already; "
	    "--force replaces it" : "%s: %s", path, strerror(errno));
}

/* A path that stays right when the data folder is entered. */
static char *
whole_path(const char *path)
{
	struct buf	b = { 0 };
	char		*here;

	if (path[0] != '/') {
		here = getcwd(NULL, 0);
		buf_printf(&b, "%s/", here == NULL ? "." : here);
		free(here);
	}
	buf_put(&b, path, strlen(path) + 1);
	return b.base;
}

int
user_export_run(const struct cli *c)
{
	static struct users	 u;
	const char		*file = cli_arg(c, 0, "-");
	char			*path = whole_path(file);
	json_t			*users = NULL, *list;
	bool			 ok = false;

	if (users_open(&u))
		users = users_all(&u);
	if (users != NULL) {
		list = exported(users, cli_has(c, "full"));
		if (is_standard(file))
			ok = member_print_as(list, JSON_INDENT(4));
		else
			ok = write_export(path, list, cli_has(c, "force"));
		if (ok && !is_standard(file))
			visible_printf(stderr, "%zu users written to %s\n",
			    json_array_size(list), file);
		json_decref(list);
	}
	json_decref(users);
	users_close(&u);
	free(path);
	return ok ? STATUS_OK : STATUS_FAILED;
}

/* --- import ---------------------------------------------------------------- */

struct import_run {
	struct users	*users;
	json_t		*names;		/* username: true, of those there are */
	json_t		*emails;
	json_t		*forms;		/* the same of the folded forms of both */
	json_t		*groups;
	json_t		*added;		/* usernames */
	json_t		*skipped;	/* { row, username, why } */
	json_t		*failed;
	json_t		*unset;		/* usernames without a password */
	bool		 dry;
};

static void
note_row(json_t *list, size_t row, const json_t *user, const char *why)
{
	json_t	*name = json_object_get(user, "username");

	json_array_append_new(list, json_pack("{s:I, s:O?, s:s}", "row",
	    (json_int_t)row, "username", name, "why", why));
}

static const struct {
	const char	*name;
	enum key	 key;
	bool		 needed;
} import_fields[] = {
	{ "username", KEY_USERNAME, true },
	{ "name", KEY_NAME, true },
	{ "email", KEY_EMAIL, true },
	{ "job_title", KEY_JOB_TITLE, false },
	{ "locale", KEY_LOCALE, false },
};

/* Read the fields of a row into arguments. False: `why` says what is wrong. */
static bool
take_row(const json_t *row, struct args *args, char *why, size_t size)
{
	const json_t	*value;

	if (!json_is_object(row)) {
		snprintf(why, size, "this is not an object.");
		return false;
	}
	for (size_t i = 0; i < sizeof(import_fields) /
	    sizeof(import_fields[0]); i++) {
		value = json_object_get(row, import_fields[i].name);
		if (!import_fields[i].needed && (value == NULL ||
		    json_is_null(value)))
			continue;
		if (!json_is_string(value)) {
			snprintf(why, size, "%s is %s.", import_fields[i].name,
			    value == NULL ? "missing" : "not a text");
			return false;
		}
		if (users_misfit(import_fields[i].key,
		    json_string_value(value), why, size))
			return false;
		users_put(args, import_fields[i].key,
		    json_string_value(value));
	}
	value = json_object_get(row, "disabled");
	if (value != NULL && !json_is_boolean(value)) {
		snprintf(why, size, "disabled is neither true nor false.");
		return false;
	}
	args_put_number(args, KEY_DISABLED, json_is_true(value));
	return true;
}

/* Whether all the groups of a row are there. */
static bool
has_groups(const struct import_run *r, const json_t *row, char *why,
    size_t size)
{
	const json_t	*groups = json_object_get(row, "groups"), *group;
	size_t		 i;

	if (groups != NULL && !json_is_array(groups)) {
		snprintf(why, size, "groups is not an array.");
		return false;
	}
	json_array_foreach(groups, i, group)
		if (!json_is_string(group) || users_group_id(r->groups,
		    json_string_value(group)) == 0) {
			snprintf(why, size, "groups: there is no group \"%s\".",
			    json_is_string(group) ? json_string_value(group) :
			    "?");
			return false;
		}
	return true;
}

/* Add the user and its memberships; if one of them fails, remove the user. */
static bool
make_user(struct import_run *r, const json_t *row, const struct args *args,
    char *why, size_t size)
{
	struct peers	*p = &r->users->peers;
	const json_t	*group;
	struct args	 more = { 0 };
	struct answer	 a = { 0 };
	struct text	 message;
	int64_t		 id;
	size_t		 i;
	bool		 ok;

	ok = peers_ask(p, r->users->peer, OP_USER_CREATE, args, &a);
	id = args_number(&a.extra, KEY_ID, 0);
	if (ok && a.error == OK)
		json_array_foreach(json_object_get(row, "groups"), i, group) {
			args_put_number(&more, KEY_USER_ID, id);
			args_put_number(&more, KEY_GROUP_ID, users_group_id(
			    r->groups, json_string_value(group)));
			ok = ok && peers_ask(p, r->users->peer, OP_MEMBER_ADD,
			    &more, &a) && a.error == OK;
			if (!ok)
				break;
		}
	if (ok && a.error == OK)
		return true;
	message = a.error != OK ? peers_message(&a) :
	    TEXT_OF("The user service did not answer.");
	snprintf(why, size, "%.*s", (int)message.len, message.base);
	if (id != 0) {
		more = (struct args){ 0 };
		args_put_number(&more, KEY_ID, id);
		(void)peers_ask(p, r->users->peer, OP_USER_DELETE, &more, &a);
	}
	return false;
}

/* The hash of a row's password; "" if it has none, or another kind of hash. */
static const char *
hash_of(const json_t *row)
{
	const char	*hash = json_string_value(json_object_get(row,
			    "password"));

	return hash != NULL && password_kind((struct text){ hash,
	    strlen(hash) }, NULL) == PASSWORD_BCRYPT ? hash : "";
}

/* Whether a text is among the names or addresses that are used. */
static bool
is_used(const json_t *used, struct text t)
{
	return json_object_getn(used, t.base, t.len) != NULL;
}

/* The folded form of a name; the caller frees it. */
static struct buf
form_of(struct text name)
{
	struct buf	form = { 0 };

	fold_put(&form, name);
	return form;
}

/* Whether a user logs in with a name, or an address, that reads the same. */
static bool
is_like_used(const struct import_run *r, struct text name)
{
	struct buf	form = form_of(name);
	bool		is = form.len > 0 && is_used(r->forms, buf_text(&form));

	buf_done(&form);
	return is;
}

static void
note_form(const struct import_run *r, struct text name)
{
	struct buf	form = form_of(name);

	if (form.len > 0)
		json_object_setn_new(r->forms, form.base, form.len,
		    json_true());
	buf_done(&form);
}

static void
note_added(struct import_run *r, struct text name, struct text email,
    bool is_unset)
{
	json_object_setn_new(r->names, name.base, name.len, json_true());
	json_object_setn_new(r->emails, email.base, email.len, json_true());
	note_form(r, name);
	note_form(r, email);
	json_array_append_new(r->added, json_stringn(name.base, name.len));
	if (is_unset)
		json_array_append_new(r->unset,
		    json_stringn(name.base, name.len));
}

static void
import_row(struct import_run *r, size_t number, const json_t *row)
{
	struct args	 args = { 0 };
	struct text	 name, email;
	const char	*hash = hash_of(row);
	char		 why[512];

	if (!take_row(row, &args, why, sizeof(why)) ||
	    !has_groups(r, row, why, sizeof(why))) {
		note_row(r->failed, number, row, why);
		return;
	}
	name = args_text(&args, KEY_USERNAME);
	email = args_text(&args, KEY_EMAIL);
	if (is_used(r->names, name) || is_used(r->emails, email)) {
		note_row(r->skipped, number, row, is_used(r->names, name) ?
		    "username: another user has this one." :
		    "email: another user has this one.");
		return;
	}
	if (is_like_used(r, name) || is_like_used(r, email)) {
		note_row(r->failed, number, row, is_like_used(r, name) ?
		    "username: " NAMES_ALIKE : "email: " NAMES_ALIKE);
		return;
	}
	users_put(&args, KEY_PASSWORD_HASH, hash);
	if (!r->dry && !make_user(r, row, &args, why, sizeof(why)))
		note_row(r->failed, number, row, why);
	else
		note_added(r, name, email, hash[0] == '\0');
}

static void
print_notes(const char *what, const json_t *list)
{
	const json_t	*o;
	size_t		 i;

	json_array_foreach(list, i, o) {
		const char	*name = json_string_value(json_object_get(o,
				    "username"));

		visible_printf(stdout, "%s row %lld, %s: %s\n", what,
		    (long long)member_number(o, "row"),
		    name == NULL ? "?" : name,
		    member_text(o, "why"));
	}
}

static void
print_report(const struct import_run *r)
{
	struct buf	 word = { 0 };
	const json_t	*name;
	const char	*text;
	size_t		 i;

	json_array_foreach(r->added, i, name) {
		visible_printf(stdout, "%s %s\n", r->dry ? "would add" :
		    "added", json_string_value(name));
	}
	print_notes("skipped", r->skipped);
	print_notes("failed ", r->failed);
	json_array_foreach(r->unset, i, name) {
		text = json_string_value(name);
		visible_printf(stdout, "no password: %s; `flicketctl user "
		    "password %s%s` sets one\n", text,
		    text[0] == '-' ? "-- " : "", shell_word(&word, text));
	}
	buf_done(&word);
	printf("%zu %s, %zu skipped, %zu failed\n", json_array_size(r->added),
	    r->dry ? "would be added" : "added", json_array_size(r->skipped),
	    json_array_size(r->failed));
}

static void
print_report_json(const struct import_run *r)
{
	json_t	*root = json_pack("{s:b, s:O, s:O, s:O, s:O}", "dry_run",
		    r->dry, "added", r->added, "skipped", r->skipped, "failed",
		    r->failed, "without_password", r->unset);

	member_print(root);
	json_decref(root);
}

/* Note a username or an address of a user that is there. */
static void
note_user(const struct import_run *r, json_t *used, const json_t *text)
{
	if (!json_is_string(text))
		return;
	json_object_set_new(used, json_string_value(text), json_true());
	note_form(r, text_of(json_string_value(text)));
}

/* Read the users and the groups that are there. */
static bool
look_around(struct import_run *r)
{
	json_t		*all = users_all(r->users);
	const json_t	*user;
	size_t		 i;

	r->groups = all == NULL ? NULL : users_groups(r->users);
	json_array_foreach(all, i, user) {
		note_user(r, r->names, json_object_get(user, "username"));
		note_user(r, r->emails, json_object_get(user, "email"));
	}
	json_decref(all);
	return r->groups != NULL;
}

static int
import_all(struct users *u, const struct cli *c, const json_t *rows)
{
	struct import_run	 r = {
		.users = u, .dry = cli_has(c, "dry-run"),
		.names = json_object(), .emails = json_object(),
		.forms = json_object(),
		.added = json_array(), .skipped = json_array(),
		.failed = json_array(), .unset = json_array(),
	};
	json_t			*parts[] = { r.names, r.emails, r.forms, r.added,
				    r.skipped, r.failed, r.unset };
	const json_t		*row;
	size_t			 i;
	int			 status = STATUS_FAILED;

	if (look_around(&r)) {
		json_array_foreach(rows, i, row) {
			import_row(&r, i + 1, row);
		}
		if (cli_has(c, "json"))
			print_report_json(&r);
		else
			print_report(&r);
		if (json_array_size(r.failed) == 0)
			status = STATUS_OK;
	}
	json_decref(r.groups);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		json_decref(parts[i]);
	return status;
}

/* A file of which nothing was read yet, or more. */
struct input {
	FILE	*file;
	bool	 is_begun;
};

/* Some programs write a byte order mark before JSON; it is left out. */
static size_t
read_input(void *bytes, size_t size, void *data)
{
	struct input	*in = data;
	size_t		 len = fread(bytes, 1, size, in->file);

	if (!in->is_begun && len > 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		len -= 3;
		memmove(bytes, (char *)bytes + 3, len);
	}
	in->is_begun = true;
	return len;
}

/* The rows of a file, or NULL after a message. */
static json_t *
read_user_file(const char *path)
{
	json_error_t	 error;
	FILE		*f = is_standard(path) ? stdin : fopen(path, "re");
	struct input	 in = { f, false };
	json_t		*rows;

	if (f == NULL) {
		cli_fail("%s: %s", path,
		    strerror(errno));
		return NULL;
	}
	rows = json_load_callback(read_input, &in, 0, &error);
	if (f != stdin)
		fclose(f);
	if (rows == NULL)
		cli_fail("%s: line %d: %s", path,
		    error.line, error.text);
	else if (!json_is_array(rows)) {
		cli_fail("%s: must be an array of users, as `flicketctl user "
		    "export` writes it", path);
		json_decref(rows);
		rows = NULL;
	}
	return rows;
}

int
user_import_run(const struct cli *c)
{
	static struct users	 u;
	json_t			*rows = read_user_file(cli_arg(c, 0, "-"));
	int			 status = STATUS_FAILED;

	if (rows == NULL)
		return STATUS_FAILED;
	if (users_open(&u))
		status = import_all(&u, c, rows);
	users_close(&u);
	json_decref(rows);
	return status;
}
