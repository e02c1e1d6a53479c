/*
 * Users: what they log in with. Nobody is left out for it, as tickets and
 * replies name their authors; who cannot log in, or has to log in with another
 * name, is reported.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "services/user/password.h"

/* --- passwords ---------------------------------------------------------------- */

#define UNTIL_SET	"nobody can log in with it until the password is set anew"

/* Files of other desks often have none: then the name tells more than the id. */
static void
report_none(struct row *row, int n)
{
	const char	*name = (const char *)sqlite3_column_text(row->from, 2);
	char		 quoted[QUOTE_SIZE];

	if (row->im->records && name != NULL)
		report_row(row, n, "there is none: %s cannot log in until it is "
		    "set", text_quote(quoted, name, strlen(name)));
	else
		report_row(row, n, "there is none: nobody can log in until it "
		    "is set");
}

static void
report_password(struct row *row, int n, struct text hash)
{
	int	cost;

	switch (password_kind(hash, &cost)) {
	case PASSWORD_BCRYPT:
		break;
	case PASSWORD_DEAR:
		report_row(row, n, "a hash at cost %d, beyond %d, is never "
		    "checked: " UNTIL_SET, cost, PASSWORD_COST_MOST);
		break;
	case PASSWORD_NONE:
		report_none(row, n);
		break;
	default:
		report_row(row, n, "%s, and is never compared: " UNTIL_SET,
		    password_kind(text_trim(hash, TEXT_OF("\0 \t\r\n")), NULL) ==
		    PASSWORD_BCRYPT ? "this hash has blanks around it" :
		    "this is not a bcrypt hash");
	}
}

/* A password hash, whether Flicket's driver wrote it as text or as bytes. */
enum keep
value_password(struct row *row, int n)
{
	bool		is_null = sqlite3_column_type(row->from, n) ==
			    SQLITE_NULL;
	struct text	hash = TEXT_OF("");

	if (!is_null && sqlite3_column_bytes(row->from, n) > 0) {
		hash.base = sqlite3_column_blob(row->from, n);
		hash.len = (size_t)sqlite3_column_bytes(row->from, n);
	}
	report_password(row, n, hash);
	if (is_null)
		sqlite3_bind_null(row->to, n);
	else
		sqlite3_bind_blob(row->to, n, hash.base, (int)hash.len,
		    SQLITE_STATIC);
	return KEEP;
}

/* --- names and addresses -------------------------------------------------------- */

/* The user who has a username or an address; 0: nobody. */
static int64_t
owner_of(struct row *row, const char *find, const char *text)
{
	sqlite3		*db = sqlite3_db_handle(row->to);
	sqlite3_stmt	*st;
	int64_t		 id = 0;
	int		 rc;

	CHECK(sqlite3_prepare_v2(db, find, -1, &st, NULL) == SQLITE_OK);
	sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		id = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		log_fatal("store %s: %s", sqlite3_db_filename(db, "main"),
		    sqlite3_errmsg(db));
	return id;
}

#define FIND_NAMED	"SELECT id FROM users WHERE username = ?"
#define FIND_ADDRESSED	"SELECT id FROM users WHERE email = ?"

/* "NAME-ID", or with one more number if that is taken. */
static char *
other_name(struct row *row, const char *name)
{
	int64_t	id = sqlite3_column_int64(row->from, 1);
	char	*other;

	CHECK(asprintf(&other, "%s-%" PRId64, name, id) != -1);
	for (int i = 2; owner_of(row, FIND_NAMED, other) != 0; i++) {
		free(other);
		CHECK(asprintf(&other, "%s-%" PRId64 "-%d", name, id, i) !=
		    -1);
	}
	return other;
}

/* Column 1 of a user is the id. */
enum keep
value_username(struct row *row, int n)
{
	const char	*name = value_bind_text(row, n);
	int64_t		 owner;
	char		 quoted[QUOTE_SIZE], as[QUOTE_SIZE], *other;

	if (name == NULL)
		return KEEP;
	text_quote(quoted, name, strlen(name));
	if (strchr(name, ':') != NULL)
		report_row(row, n, "%s has a colon, which no client can send "
		    "to log in: give the user another one", quoted);
	owner = owner_of(row, FIND_NAMED, name);
	if (owner == 0)
		return KEEP;
	other = other_name(row, name);
	report_row(row, n, "%s is that of user %" PRId64 ": this user logs in "
	    "as %s", quoted, owner, text_quote(as, other, strlen(other)));
	sqlite3_bind_text(row->to, n, other, -1, free);
	return KEEP;
}

enum keep
value_email(struct row *row, int n)
{
	const char	*address = value_bind_text(row, n);
	int64_t		 owner;
	char		 quoted[QUOTE_SIZE];

	if (address == NULL)
		return KEEP;
	owner = owner_of(row, FIND_ADDRESSED, address);
	if (owner == 0)
		return KEEP;
	report_row(row, n, "%s is that of user %" PRId64 ": left empty",
	    text_quote(quoted, address, strlen(address)), owner);
	sqlite3_bind_null(row->to, n);
	return KEEP;
}

/* --- names that read the same ------------------------------------------------------- */

/* Of a column, each user with an earlier one whose text reads the same. */
#define ALIKE(column) \
    "SELECT id, name, other_id, other, name <> other AND lower(name) = " \
    "lower(other) FROM " \
    "(SELECT id, " column " AS name, " \
    "first_value(id) OVER alike AS other_id, first_value(" column ") OVER alike " \
    "AS other FROM users WHERE " column " <> '' WINDOW alike AS (PARTITION BY " \
    "folded(" column ") ORDER BY id)) WHERE id <> other_id ORDER BY id"

static void
report_alike(struct import *im, const char *column, sqlite3_stmt *st)
{
	const char	*name = (const char *)sqlite3_column_text(st, 1);
	const char	*other = (const char *)sqlite3_column_text(st, 3);
	char		 quoted[QUOTE_SIZE], others[QUOTE_SIZE];

	report_line(&im->lane[LANE_RUN], "user %lld: %s: %s %s %s of user "
	    "%lld: each has to log in exactly as it is written",
	    (long long)sqlite3_column_int64(st, 0), column,
	    text_quote(quoted, name, strlen(name)),
	    sqlite3_column_int(st, 4) != 0 ? "differs only in case from" :
	    "reads the same as",
	    text_quote(others, other, strlen(other)),
	    (long long)sqlite3_column_int64(st, 2));
}

static bool
compare_column(struct import *im, const char *column, const char *sql)
{
	sqlite3_stmt	*st;
	int		 rc;

	if (sqlite3_prepare_v2(im->store[STORE_USER], sql, -1, &st, NULL) !=
	    SQLITE_OK)
		return stores_fail(im, STORE_USER);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		report_alike(im, column, st);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE || stores_fail(im, STORE_USER);
}

/* Flicket compares them byte by byte. They stay as they are. */
bool
users_compare(struct import *im)
{
	return compare_column(im, "username", ALIKE("username")) &&
	    compare_column(im, "email", ALIKE("email"));
}
