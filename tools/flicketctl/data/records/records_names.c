/*
 * Statuses, priorities, groups, departments and categories: records name them.
 * One that is not there yet is made. Capitals make no difference.
 */
#include <sqlite3.h>

#include "base/log.h"
#include "tools/flicketctl/data/records/records_parts.h"

#define DEFAULT_PLACE	"Imported"	/* department and category */

static int64_t
ask(struct records *r, const char *sql, struct text name, int64_t id)
{
	sqlite3_stmt	*st = records_statement(r, sql);

	if (st == NULL)
		return 0;
	records_bind(st, 1, name);
	if (sqlite3_bind_parameter_count(st) > 1)
		sqlite3_bind_int64(st, 2, id);
	return records_ask(st);
}

static int64_t
find_or_make(struct records *r, const char *find, const char *make,
    struct text name, int64_t id)
{
	int64_t	found = ask(r, find, name, id);

	return found != 0 ? found : ask(r, make, name, id);
}

#define FIND(table, column) \
	"SELECT id FROM " table " WHERE " column " = ?1 COLLATE NOCASE"
#define MAKE(table, column) \
	"INSERT INTO " table " (id, " column ") SELECT 1 + coalesce(max(id), 0), " \
	"?1 FROM " table " RETURNING id"

int64_t
names_status(struct records *r, struct text name)
{
	return find_or_make(r, FIND("flicket_status", "status"),
	    MAKE("flicket_status", "status"), name.base != NULL ? name :
	    TEXT_OF("Open"), 0);
}

int64_t
names_priority(struct records *r, struct text name)
{
	return find_or_make(r, FIND("flicket_priorities", "priority"),
	    MAKE("flicket_priorities", "priority"), name.base != NULL ? name :
	    TEXT_OF("low"), 0);
}

int64_t
names_group(struct records *r, struct text name)
{
	return find_or_make(r, FIND("flicket_group", "group_name"),
	    MAKE("flicket_group", "group_name"), name, 0);
}

int64_t
names_category(struct records *r, struct text department, struct text category)
{
	int64_t	id;

	if (department.base == NULL)
		department = TEXT_OF(DEFAULT_PLACE);
	if (category.base == NULL)
		category = TEXT_OF(DEFAULT_PLACE);
	id = find_or_make(r, FIND("flicket_department", "department"),
	    MAKE("flicket_department", "department"), department, 0);
	if (id == 0)
		return 0;
	return find_or_make(r, FIND("flicket_category", "category")
	    " AND department_id = ?2", "INSERT INTO flicket_category (id, "
	    "category, department_id) SELECT 1 + coalesce(max(id), 0), ?1, ?2 "
	    "FROM flicket_category RETURNING id", category, id);
}
