/*
 * The statuses and groups that the services treat in a special way. Flicket
 * finds them by their names, so they are looked for by name: their ids differ
 * between installations, as a database that several servers write gives every
 * second id. Priorities have no special meaning in any service.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/number.h"
#include "services/user/password.h"
#include "tools/flicketctl/cli/cli.h"

#define NAMES_SHOWN	20

static const struct {
	const char	*option;
	const char	*word;		/* of the option */
	const char	*name;		/* in Flicket */
	const char	*kind;		/* in messages */
	const char	*select;	/* id and name of all there are */
} meanings[MEANINGS] = {
/* the bounds of value_id() */
#define KEPT "WHERE typeof(id) = 'integer' AND id BETWEEN 1 AND 1 << 30 ORDER BY id"
#define STATUSES "SELECT id, status FROM flicket_status " KEPT
#define GROUPS "SELECT id, group_name FROM flicket_group " KEPT
	[MEANING_OPEN] = { "status", "open", "Open", "status", STATUSES },
	[MEANING_CLOSED] = { "status", "closed", "Closed", "status",
	    STATUSES },
	[MEANING_IN_WORK] = { "status", "in_work", "In Work", "status",
	    STATUSES },
	[MEANING_ADMIN] = { "group", "flicket_admin", "flicket_admin",
	    "group", GROUPS },
	[MEANING_STAFF] = { "group", "super_user", "super_user", "group",
	    GROUPS },
#undef KEPT
#undef STATUSES
#undef GROUPS
};

_Static_assert(IMPORT_ID_MOST == 1 << 30, "is in KEPT");

static bool
is_status(enum meaning m)
{
	return m < MEANING_ADMIN;
}

/* --- the options ------------------------------------------------------------ */

/* "WORD=NAME" of an option. False: it is not that. */
static bool
read_option(struct import *im, const char *option, const char *given)
{
	const char	*sign = strchr(given, '=');

	for (enum meaning m = 0; sign != NULL && m < MEANINGS; m++)
		if (strcmp(meanings[m].option, option) == 0 &&
		    strlen(meanings[m].word) == (size_t)(sign - given) &&
		    strncmp(meanings[m].word, given, (size_t)(sign - given)) ==
		    0 && sign[1] != '\0') {
			im->named[m] = sign + 1;
			return true;
		}
	return false;
}

bool
meanings_read(struct import *im, const struct cli *c, int *ret_status)
{
	static const struct {
		const char	*option;
		const char	*form;
	} options[] = {
		{ "status", "open=NAME, closed=NAME or in_work=NAME" },
		{ "group", "flicket_admin=NAME or super_user=NAME" },
	};
	const char	*given;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		for (int n = 0; (given = cli_each(c, options[i].option, n)) !=
		    NULL; n++)
			if (!read_option(im, options[i].option, given)) {
				*ret_status = cli_usage(c->command,
				    "--%s: it is %s", options[i].option,
				    options[i].form);
				return false;
			}
	return true;
}

/* --- finding them ------------------------------------------------------------- */

/* How well a name fits: 0 not, 1 but for case and blanks, 2 exactly. */
static int
fit(const char *name, const char *wanted)
{
	size_t	len = strlen(wanted), end;

	if (strcmp(name, wanted) == 0)
		return 2;
	name += strspn(name, " ");
	end = strlen(name);
	while (end > 0 && name[end - 1] == ' ')
		end--;
	return end == len && strncasecmp(name, wanted, len) == 0;
}

struct search {
	const char	*wanted;
	int64_t		 id;		/* of the first that fits best */
	int		 fits;		/* how well it does */
	int		 as_well;	/* how many others do */
	int64_t		 numbered;	/* the one whose id is wanted, 0: none */
	int		 count;		/* of all there are */
	struct buf	 names;		/* the first ones, for a message */
};

static void
search_row(struct search *s, int64_t id, const char *name)
{
	char	quoted[QUOTE_SIZE];
	int64_t	number;
	int	fits = fit(name, s->wanted);

	if (fits > s->fits) {
		s->id = id;
		s->fits = fits;
		s->as_well = 0;
	} else if (fits > 0 && fits == s->fits)
		s->as_well++;
	if (number_read(text_of(s->wanted), 1, INT64_MAX, &number) &&
	    number == id)
		s->numbered = id;
	if (s->count++ < NAMES_SHOWN)
		buf_printf(&s->names, "%s%" PRId64 " %s", s->names.len > 0 ?
		    ", " : "", id, text_quote(quoted, name, strlen(name)));
}

static bool
search_all(struct import *im, enum meaning m, struct search *s)
{
	sqlite3		*db = im->lane[LANE_RUN].source;
	sqlite3_stmt	*st;
	const char	*name;
	int		 rc;

	if (sqlite3_prepare_v2(db, meanings[m].select, -1, &st, NULL) !=
	    SQLITE_OK)
		return source_fail(im, db);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		name = (const char *)sqlite3_column_text(st, 1);
		search_row(s, sqlite3_column_int64(st, 0),
		    name != NULL ? name : "");
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE || source_fail(im, db);
}

/* Say which there are, and how to name the one that is meant. */
static bool
refuse(const struct import *im, enum meaning m, const struct search *s)
{
	char	quoted[QUOTE_SIZE];

	text_quote(quoted, s->wanted, strlen(s->wanted));
	return report_fail("%s %s in %s is named %s. Say which "
	    "one is meant: --%s %s=NAME, or its id. There %s: %s%s",
	    s->as_well > 0 ? "more than one" : "no", meanings[m].kind,
	    im->records ? "the files" : "Flicket's database", quoted,
	    meanings[m].option, meanings[m].word, s->count == 1 ? "is" : "are",
	    s->count > 0 ? s->names.base : "none", s->count > NAMES_SHOWN ?
	    ", ..." : "");
}

/*
 * Groups of Flicket's names may be missing or be there twice, as Flicket itself
 * only compares names. One that the command line names must be there.
 */
static bool
find_meaning(struct import *im, enum meaning m)
{
	struct search	s = { .wanted = im->named[m] != NULL ?
			    im->named[m] : meanings[m].name };
	bool		needed = is_status(m) || im->named[m] != NULL;
	bool		ok = search_all(im, m, &s);

	if (ok && s.numbered != 0 && s.fits == 0)
		s.id = s.numbered;
	im->meant[m] = s.id;
	if (is_status(m) && s.count == 0 && im->named[m] == NULL)
		im->meant[m] = m + 1;	/* as in seed.sql, which is used then */
	else if (ok && needed && (s.id == 0 || s.as_well > 0))
		ok = refuse(im, m, &s);
	buf_done(&s.names);
	return ok;
}

bool
meanings_find(struct import *im)
{
	for (enum meaning m = 0; m < MEANINGS; m++)
		if (!find_meaning(im, m))
			return false;
	for (enum meaning a = 0; a < MEANINGS; a++)
		for (enum meaning b = 0; b < a; b++)
			if (is_status(a) == is_status(b) &&
			    im->meant[a] != 0 && im->meant[a] == im->meant[b])
				return report_fail("%s %" PRId64 " cannot be "
				    "both %s and %s", meanings[a].kind,
				    im->meant[a], meanings[b].word,
				    meanings[a].word);
	return true;
}

bool
meanings_is_group(const struct import *im, enum meaning m, int64_t id,
    const char *name)
{
	return im->named[m] != NULL ? im->meant[m] == id :
	    strcmp(meanings[m].name, name) == 0;
}

/* --- writing them --------------------------------------------------------------- */

static bool
change(struct import *im, enum store store, const char *sql, int *ret_changes)
{
	if (sqlite3_exec(im->store[store], sql, NULL, NULL, NULL) != SQLITE_OK)
		return stores_fail(im, store);
	*ret_changes = sqlite3_changes(im->store[store]);
	return true;
}

static bool
write_statuses(struct import *im)
{
	char	sql[160];
	int	changes = 0;

	snprintf(sql, sizeof(sql), "UPDATE own_statuses SET open = %" PRId64
	    ", closed = %" PRId64 ", in_work = %" PRId64,
	    im->meant[MEANING_OPEN], im->meant[MEANING_CLOSED],
	    im->meant[MEANING_IN_WORK]);
	return change(im, STORE_TICKET, sql, &changes);
}

/* What a desk cannot do without, if Flicket has none of it: as in seed.sql. */
static const struct made {
	enum store	 store;
	const char	*insert;
	const char	*what;
} made[] = {
	{ STORE_LOOKUP, "INSERT INTO statuses (id, status) SELECT column1, "
	    "column2 FROM (VALUES (1, 'Open'), (2, 'Closed'), (3, 'In Work'), "
	    "(4, 'Awaiting Information')) WHERE NOT EXISTS (SELECT 1 FROM "
	    "statuses)", "statuses Open, Closed, In Work and Awaiting "
	    "Information" },
	{ STORE_LOOKUP, "INSERT INTO priorities (id, priority) SELECT column1, "
	    "column2 FROM (VALUES (1, 'low'), (2, 'medium'), (3, 'high')) "
	    "WHERE NOT EXISTS (SELECT 1 FROM priorities)",
	    "priorities low, medium and high" },
	{ STORE_USER, "INSERT INTO groups (id, group_name, rights) SELECT "
	    "1 + coalesce(max(id), 0), 'flicket_admin', 3 FROM groups "
	    "HAVING NOT coalesce(max(rights & 1), 0)", "group flicket_admin" },
	{ STORE_USER, "INSERT INTO groups (id, group_name, rights) SELECT "
	    "1 + coalesce(max(id), 0), 'super_user', 2 FROM groups "
	    "HAVING NOT coalesce(max(rights = 2), 0)", "group super_user" },
};

static bool
make_missing(struct import *im)
{
	int	changes = 0;

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		if (!change(im, made[i].store, made[i].insert, &changes))
			return false;
		im->made |= changes > 0;
		if (changes > 0)
			report_note(im, "Made, as Flicket's database has none: "
			    "%s.", made[i].what);
	}
	return true;
}

/* A client cannot send a username with a colon (RFC 7617). */
static const char admins_sql[] =
    "SELECT u.password FROM users u JOIN members m ON m.user_id = u.id "
    "JOIN groups g ON g.id = m.group_id WHERE g.rights & 1 AND "
    "u.disabled = 0 AND u.username <> '' AND instr(u.username, ':') = 0";

static bool
warn_without_admin(struct import *im)
{
	sqlite3_stmt	*st;
	struct text	 hash;
	bool		 found = false;
	int		 rc;

	if (sqlite3_prepare_v2(im->store[STORE_USER], admins_sql, -1, &st,
	    NULL) != SQLITE_OK)
		return stores_fail(im, STORE_USER);
	while (!found && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		hash.base = sqlite3_column_blob(st, 0);
		hash.len = (size_t)sqlite3_column_bytes(st, 0);
		found = password_kind(hash, NULL) == PASSWORD_BCRYPT;
	}
	sqlite3_finalize(st);
	if (!found && rc != SQLITE_DONE)
		return stores_fail(im, STORE_USER);
	if (!found)
		report_note(im, "Nobody can log in as an admin: the group "
		    "flicket_admin has no member who is\nenabled and has a "
		    "password that can be checked. With the services running, "
		    "make one:\n  flicketctl user group NAME --add "
		    "flicket_admin\n  flicketctl user password NAME");
	return true;
}

bool
meanings_write(struct import *im)
{
	return write_statuses(im) && make_missing(im) &&
	    warn_without_admin(im);
}
