/* The files, and the columns that each may have. */
#include <string.h>

#include "base/near.h"
#include "tools/flicketctl/data/records/records_parts.h"

static const struct records_column users[] = {
	[USER_ID] = { "id", RECORDS_KEY, false },
	[USER_USERNAME] = { "username", RECORDS_KEY, true },
	[USER_NAME] = { "name", RECORDS_NAME, false },
	[USER_EMAIL] = { "email", RECORDS_NAME, false },
	[USER_PASSWORD] = { "password", RECORDS_HASH, false },
	[USER_JOB_TITLE] = { "job_title", RECORDS_NAME, false },
	[USER_LOCALE] = { "locale", RECORDS_NAME, false },
	[USER_DISABLED] = { "disabled", RECORDS_FLAG, false },
	[USER_DATE_ADDED] = { "date_added", RECORDS_DATE, false },
	[USER_GROUPS] = { "groups", RECORDS_LIST, false },
	{ 0 }
};

static const struct records_column tickets[] = {
	[TICKET_ID] = { "id", RECORDS_KEY, true },
	[TICKET_TITLE] = { "title", RECORDS_NAME, true },
	[TICKET_CONTENT] = { "content", RECORDS_TEXT, false },
	[TICKET_AUTHOR] = { "author", RECORDS_KEY, true },
	[TICKET_ASSIGNED] = { "assigned", RECORDS_KEY, false },
	[TICKET_STATUS] = { "status", RECORDS_NAME, false },
	[TICKET_PRIORITY] = { "priority", RECORDS_NAME, false },
	[TICKET_DEPARTMENT] = { "department", RECORDS_NAME, false },
	[TICKET_CATEGORY] = { "category", RECORDS_NAME, false },
	[TICKET_DATE_ADDED] = { "date_added", RECORDS_DATE, true },
	[TICKET_DATE_MODIFIED] = { "date_modified", RECORDS_DATE, false },
	[TICKET_HOURS] = { "hours", RECORDS_HOURS, false },
	[TICKET_SUBSCRIBERS] = { "subscribers", RECORDS_LIST, false },
	{ 0 }
};

static const struct records_column posts[] = {
	[POST_ID] = { "id", RECORDS_KEY, false },
	[POST_TICKET] = { "ticket", RECORDS_KEY, true },
	[POST_AUTHOR] = { "author", RECORDS_KEY, true },
	[POST_CONTENT] = { "content", RECORDS_TEXT, false },
	[POST_DATE_ADDED] = { "date_added", RECORDS_DATE, true },
	[POST_DATE_MODIFIED] = { "date_modified", RECORDS_DATE, false },
	[POST_HOURS] = { "hours", RECORDS_HOURS, false },
	{ 0 }
};

static const struct records_column uploads[] = {
	[UPLOAD_TICKET] = { "ticket", RECORDS_KEY, false },
	[UPLOAD_POST] = { "post", RECORDS_KEY, false },
	[UPLOAD_FILE] = { "file", RECORDS_NAME, true },
	[UPLOAD_NAME] = { "name", RECORDS_NAME, false },
	{ 0 }
};

static const struct {
	const char			*name;
	const struct records_column	*columns;
} tables[RECORDS_TABLES] = {
	[RECORDS_USERS] = { "users", users },
	[RECORDS_TICKETS] = { "tickets", tickets },
	[RECORDS_POSTS] = { "posts", posts },
	[RECORDS_UPLOADS] = { "uploads", uploads }
};

const char *
records_name(enum records_table table)
{
	return tables[table].name;
}

const struct records_column *
records_columns(enum records_table table)
{
	return tables[table].columns;
}

/* Keep the nearest of the names that are compared with a word. */
static void
compare(const char *word, const char *name, size_t *fewest,
    const char **ret_nearest)
{
	size_t	steps;

	if (near_to(word, name, &steps) && steps < *fewest) {
		*fewest = steps;
		*ret_nearest = name;
	}
}

int
records_find_column(enum records_table table, const char *name,
    const char **ret_nearest)
{
	const struct records_column	*c = tables[table].columns;
	size_t				 fewest = SIZE_MAX;

	*ret_nearest = NULL;
	for (int i = 0; c[i].name != NULL; i++) {
		if (strcmp(c[i].name, name) == 0)
			return i;
		compare(name, c[i].name, &fewest, ret_nearest);
	}
	return -1;
}

/* The length of a name before ".csv", ".json" or ".jsonl"; 0: other files. */
static size_t
stem_of(const char *file, bool *ret_json)
{
	const char	*dot = strrchr(file, '.');

	if (dot == NULL || dot == file)
		return 0;
	*ret_json = strcmp(dot, ".json") == 0 || strcmp(dot, ".jsonl") == 0;
	return *ret_json || strcmp(dot, ".csv") == 0 ? (size_t)(dot - file) : 0;
}

int
records_table_of(const char *file, const char **ret_nearest, bool *ret_json)
{
	size_t	len = stem_of(file, ret_json), fewest = SIZE_MAX;
	char	stem[64];

	*ret_nearest = NULL;
	if (len == 0 || len >= sizeof(stem))
		return -1;
	memcpy(stem, file, len);
	stem[len] = '\0';
	for (int i = 0; i < RECORDS_TABLES; i++) {
		if (strcmp(stem, tables[i].name) == 0)
			return i;
		compare(stem, tables[i].name, &fewest, ret_nearest);
	}
	if (*ret_nearest == NULL)
		*ret_nearest = "";	/* such a file, but of another name */
	return -1;
}
