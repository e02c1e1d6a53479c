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

#define STEPS	3

/* Find a name as it is, up to capitals of ASCII; or one that reads the same. */
#define FIND(table, column, also) \
	"SELECT id FROM " table " WHERE " column " = ?1 COLLATE NOCASE" also, \
	"SELECT id FROM " table " WHERE folded(" column ") = folded(?1)" also
#define MAKE(table, column) \
	"INSERT INTO " table " (id, " column ") SELECT 1 + coalesce(max(id), 0), " \
	"?1 FROM " table " RETURNING id"

static int64_t
find_or_make(struct records *r, const char *const steps[STEPS],
    struct text name, int64_t id)
{
	int64_t	found = 0;

	for (size_t i = 0; i < STEPS && found == 0; i++)
		found = ask(r, steps[i], name, id);
	return found;
}

int64_t
names_status(struct records *r, struct text name)
{
	static const char *const	steps[STEPS] = {
		FIND("flicket_status", "status", ""),
		MAKE("flicket_status", "status")
	};

	return find_or_make(r, steps, name.base != NULL ? name :
	    TEXT_OF("Open"), 0);
}

int64_t
names_priority(struct records *r, struct text name)
{
	static const char *const	steps[STEPS] = {
		FIND("flicket_priorities", "priority", ""),
		MAKE("flicket_priorities", "priority")
	};

	return find_or_make(r, steps, name.base != NULL ? name :
	    TEXT_OF("low"), 0);
}

int64_t
names_group(struct records *r, struct text name)
{
	static const char *const	steps[STEPS] = {
		FIND("flicket_group", "group_name", ""),
		MAKE("flicket_group", "group_name")
	};

	return find_or_make(r, steps, name, 0);
}

int64_t
names_category(struct records *r, struct text department, struct text category)
{
	static const char *const	departments[STEPS] = {
		FIND("flicket_department", "department", ""),
		MAKE("flicket_department", "department")
	};
	static const char *const	categories[STEPS] = {
		FIND("flicket_category", "category", " AND department_id = ?2"),
		"INSERT INTO flicket_category (id, category, department_id) "
		"SELECT 1 + coalesce(max(id), 0), ?1, ?2 "
		"FROM flicket_category RETURNING id"
	};
	int64_t				 id;

	if (department.base == NULL)
		department = TEXT_OF(DEFAULT_PLACE);
	if (category.base == NULL)
		category = TEXT_OF(DEFAULT_PLACE);
	id = find_or_make(r, departments, department, 0);
	return id == 0 ? 0 : find_or_make(r, categories, category, id);
}
