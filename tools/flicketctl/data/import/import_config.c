/*
 * Flicket's own settings, which are in its database: the report says which ones
 * flicketd has, as they are set there. Secrets are never printed.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* The settings of one row, and what is said of them. */
struct config {
	struct import	*im;
	sqlite3_stmt	*row;
	struct buf	 taken;		/* as lines of a shell */
	struct buf	 left;		/* names with a value */
};

/* The value of a column; NULL: it is not there, NULL or empty. */
static const char *
value_of(const struct config *c, const char *column)
{
	const char	*value;

	for (int i = 0; i < sqlite3_column_count(c->row); i++) {
		if (strcmp(sqlite3_column_name(c->row, i), column) != 0)
			continue;
		value = (const char *)sqlite3_column_text(c->row, i);
		return value != NULL && value[0] != '\0' ? value : NULL;
	}
	return NULL;
}

static bool
is_set(const struct config *c, const char *column)
{
	const char	*value = value_of(c, column);

	return value != NULL && strcmp(value, "0") != 0;
}

/* Add a setting, quoted for a shell if it needs that. */
static void
take(struct config *c, const char *setting, const char *value)
{
	static const char	plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789"
				    "_./:,@%+-";

	buf_printf(&c->taken, "  %s=", setting);
	if (strspn(value, plain) == strlen(value)) {
		buf_put_text(&c->taken, value);
	} else {
		buf_put_text(&c->taken, "'");
		for (const char *p = value; *p != '\0'; p++)
			if (*p == '\'')
				buf_put_text(&c->taken, "'\\''");
			else
				buf_put(&c->taken, *p == '\n' ? " " : p, 1);
		buf_put_text(&c->taken, "'");
	}
	buf_put_text(&c->taken, "\n");
}

/* Without the slash at the end. */
static void
take_base_url(struct config *c)
{
	const char	*value = value_of(c, "base_url");
	char		*url;
	size_t		 len = value != NULL ? strlen(value) : 0;

	while (len > 0 && value[len - 1] == '/')
		len--;
	if (len == 0)
		return;
	url = strndup(value, len);
	CHECK(url != NULL);
	take(c, "FLICKET_BASE_URL", url);
	free(url);
}

/* "txt, log" to "txt,log". */
static void
take_extensions(struct config *c)
{
	const char	*value = value_of(c, "allowed_extensions");
	char		*list, *end;

	if (value == NULL)
		return;
	list = end = strdup(value);
	CHECK(list != NULL);
	for (; *value != '\0'; value++)
		if (!isspace((unsigned char)*value) && *value != '.')
			*end++ = *value;
	*end = '\0';
	take(c, "FLICKET_UPLOAD_EXTENSIONS", list);
	free(list);
}

static void
take_change_category(struct config *c)
{
	if (is_set(c, "change_category_only_admin_or_super_user"))
		take(c, "FLICKET_CHANGE_CATEGORY", "staff");
	else if (is_set(c, "change_category"))
		take(c, "FLICKET_CHANGE_CATEGORY", "everybody");
}

/* Columns of which flicketd has a setting, or none is needed. */
static bool
is_known(const char *column)
{
	static const char *const	known[] = { "id", "base_url",
		"allowed_extensions", "change_category",
		"change_category_only_admin_or_super_user",
		"ticket_upload_folder", "avatar_upload_folder" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], column) == 0)
			return true;
	return false;
}

/* Names only: a value may be a secret. */
static void
list_left(struct config *c)
{
	for (int i = 0; i < sqlite3_column_count(c->row); i++) {
		const char	*name = sqlite3_column_name(c->row, i);

		if (!is_known(name) && is_set(c, name))
			buf_printf(&c->left, "%s%s", c->left.len > 0 ? ", " :
			    "", name);
	}
}

static void
say_config(struct config *c)
{
	take_base_url(c);
	take_extensions(c);
	take_change_category(c);
	list_left(c);
	if (c->taken.len > 0)
		report_note(c->im, "To go on with Flicket's settings, set:\n"
		    "%.*s", (int)c->taken.len - 1, c->taken.base);
	if (c->left.len > 0)
		report_note(c->im, "Flicket's settings that have no "
		    "counterpart here: %s.", c->left.base);
	buf_done(&c->taken);
	buf_done(&c->left);
}

bool
config_read(struct import *im)
{
	struct config	 c = { .im = im };
	sqlite3		*db = im->lane[LANE_RUN].source;
	int		 rc;

	if (!source_has_table(im, "flicket_config"))
		return true;
	if (sqlite3_prepare_v2(db, "SELECT * FROM flicket_config ORDER BY 1 "
	    "LIMIT 1", -1, &c.row, NULL) != SQLITE_OK)
		return source_fail(im, db);
	rc = sqlite3_step(c.row);
	if (rc == SQLITE_ROW)
		say_config(&c);
	sqlite3_finalize(c.row);
	return rc == SQLITE_ROW || rc == SQLITE_DONE || source_fail(im, db);
}
