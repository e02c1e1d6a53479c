/* Flicket's tables as a dump has them: their columns, and their rows. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "tools/flicketctl/data/dump/dump_parts.h"

/* alembic_version tells which Flicket the tables are of. */
bool
table_is_known(const char *name)
{
	return strncasecmp(name, "flicket_", 8) == 0 ||
	    strcasecmp(name, "alembic_version") == 0;
}

struct dump_table *
table_find(struct dump *d, const char *name)
{
	for (size_t i = 0; i < d->table_count; i++)
		if (strcasecmp(d->tables[i]->name, name) == 0)
			return d->tables[i];
	return NULL;
}

struct dump_table *
table_new(struct dump *d, const char *name)
{
	struct dump_table	*table;

	if (table_find(d, name) != NULL) {
		dump_fail(d, "the table %s is defined twice", name);
		return NULL;
	}
	if (d->table_count == DUMP_TABLES_MOST) {
		dump_fail(d, "more than %d tables have names that begin with "
		    "flicket_", DUMP_TABLES_MOST);
		return NULL;
	}
	table = must_alloc(sizeof(*table));
	table->name = must_strdup(name);
	d->tables[d->table_count++] = table;
	return table;
}

bool
table_add_column(struct dump *d, struct dump_table *table, const char *name,
    enum dump_type type)
{
	if (table->count == DUMP_COLUMNS_MOST)
		return dump_fail(d, "the table %s has more than %d columns",
		    table->name, DUMP_COLUMNS_MOST);
	table->columns[table->count++] = (struct dump_column){
	    must_strdup(name), type };
	return true;
}

/* A name of a dump between quotes, those in it doubled. */
static void
put_name(struct buf *b, const char *name)
{
	buf_put_byte(b, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"')
			buf_put_byte(b, '"');
		buf_put_byte(b, *name);
	}
	buf_put_byte(b, '"');
}

static bool
run(struct dump *d, struct buf *sql)
{
	int	rc;

	buf_put_byte(sql, '\0');
	rc = sqlite3_exec(d->db, sql->base, NULL, NULL, NULL);
	buf_done(sql);
	return rc == SQLITE_OK || dump_fail(d, "%s", sqlite3_errmsg(d->db));
}

bool
table_create(struct dump *d, struct dump_table *table)
{
	struct buf	sql = { 0 };

	if (table->count == 0)
		return dump_fail(d, "the table %s has no columns",
		    table->name);
	buf_put_text(&sql, "CREATE TABLE ");
	put_name(&sql, table->name);
	for (size_t i = 0; i < table->count; i++) {
		buf_put_text(&sql, i == 0 ? " (" : ", ");
		put_name(&sql, table->columns[i].name);
		buf_printf(&sql, " %s", type_declared(table->columns[i].type));
	}
	buf_put_byte(&sql, ')');
	return run(d, &sql);
}

void
table_order_all(struct dump *d, const struct dump_table *table)
{
	d->order_count = table->count;
	for (size_t i = 0; i < table->count; i++)
		d->order[i] = i;
}

bool
table_order_add(struct dump *d, const struct dump_table *table,
    const char *column)
{
	size_t	i;

	for (i = 0; i < table->count; i++)
		if (strcasecmp(table->columns[i].name, column) == 0)
			break;
	if (i == table->count)
		return dump_fail(d, "the table %s has no column %s",
		    table->name, column);
	for (size_t j = 0; j < d->order_count; j++)
		if (d->order[j] == i)
			return dump_fail(d, "the column %s is named twice",
			    column);
	d->order[d->order_count++] = i;
	return true;
}

void
row_begin(struct dump *d)
{
	d->row.len = 0;
	d->value_count = 0;
	buf_reserve(&d->row, 1);
}

bool
row_add(struct dump *d, const struct dump_table *table, enum dump_kind kind)
{
	size_t	len = kind == VALUE_NULL ? 0 : d->text.len;

	if (d->value_count == d->order_count)
		return dump_fail(d, "a row of %s has more than %zu values",
		    table->name, d->order_count);
	if (d->row.len + len > DUMP_ROW_MOST)
		return dump_fail(d, "a row of %s is longer than %zu bytes",
		    table->name, DUMP_ROW_MOST);
	d->values[d->value_count++] = (struct dump_value){ kind, d->row.len,
	    len };
	buf_put(&d->row, d->text.base, len);
	return true;
}

static bool
prepare_insert(struct dump *d, struct dump_table *table)
{
	struct buf	sql = { 0 };
	int		rc;

	buf_put_text(&sql, "INSERT INTO ");
	put_name(&sql, table->name);
	for (size_t i = 0; i < table->count; i++)
		buf_put_text(&sql, i == 0 ? " VALUES (?" : ", ?");
	buf_put_text(&sql, ")");
	rc = sqlite3_prepare_v2(d->db, sql.base, (int)sql.len, &table->insert,
	    NULL);
	buf_done(&sql);
	return rc == SQLITE_OK || dump_fail(d, "%s", sqlite3_errmsg(d->db));
}

bool
row_write(struct dump *d, struct dump_table *table)
{
	int	rc;

	if (d->value_count != d->order_count)
		return dump_fail(d, "a row of %s has %zu values, not %zu",
		    table->name, d->value_count, d->order_count);
	if (table->insert == NULL && !prepare_insert(d, table))
		return false;
	sqlite3_clear_bindings(table->insert);
	for (size_t i = 0; i < d->value_count; i++)
		if (!dump_value_bind(d, table, i))
			return false;
	rc = sqlite3_step(table->insert);
	sqlite3_reset(table->insert);
	return rc == SQLITE_DONE || dump_fail(d, "%s",
	    sqlite3_errmsg(d->db));
}

static bool
has_id(const struct dump_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcasecmp(table->columns[i].name, "id") == 0)
			return true;
	return false;
}

bool
tables_finish(struct dump *d)
{
	for (size_t i = 0; i < d->table_count; i++) {
		struct buf	sql = { 0 };

		if (!has_id(d->tables[i]))
			continue;
		buf_printf(&sql, "CREATE INDEX dump_index_%zu ON ", i);
		put_name(&sql, d->tables[i]->name);
		buf_put_text(&sql, " (id)");
		if (!run(d, &sql))
			return false;
	}
	return true;
}

void
tables_free(struct dump *d)
{
	for (size_t i = 0; i < d->table_count; i++) {
		struct dump_table	*table = d->tables[i];

		sqlite3_finalize(table->insert);
		for (size_t j = 0; j < table->count; j++)
			free(table->columns[j].name);
		free(table->name);
		free(table);
	}
}
