/* A service's schema in PostgreSQL. */
#include "services/engine/layout.h"

/*
 * A writer that is not the last one any more updates no row of `head`, so its
 * entry has 0 in `one`, and its whole transaction is refused.
 */
const char layout_own_sql[] =
    "CREATE TABLE head (one integer PRIMARY KEY CHECK (one = 1), "
    "seq bigint NOT NULL, reign bigint NOT NULL, owner text NOT NULL, "
    "until timestamptz NOT NULL, schema bigint NOT NULL, "
    "counters text NOT NULL);"
    "CREATE TABLE log (seq bigint PRIMARY KEY, reign bigint NOT NULL, "
    "patch bytea NOT NULL, date timestamptz NOT NULL DEFAULT "
    "clock_timestamp(), one bigint NOT NULL, "
    "CONSTRAINT log_is_next CHECK (one = 1));"
    "ALTER TABLE log ALTER patch SET STORAGE EXTERNAL;";

/* Values of any type are bytes that say their type (values.h). */
static const char *
type_name(enum column_type type)
{
	if (type == COLUMN_INTEGER)
		return "bigint";
	return type == COLUMN_TEXT ? "text" : "bytea";
}

static bool
is_in_key(const struct table *t, int column)
{
	for (int i = 0; i < t->keys; i++)
		if (t->key[i] == column)
			return true;
	return false;
}

static void
put_columns(struct buf *sql, const struct table *t)
{
	for (int i = 0; i < t->count; i++)
		buf_printf(sql, "%s\"%s\"", i == 0 ? "" : ", ",
		    t->columns[i].name);
}

/*
 * Bytes may be longer than a key of an index may be: the terms of a full-text
 * index are, if somebody writes long words. So the key is a hash of them.
 */
static bool
is_hashed(const struct table *t, int in_key)
{
	enum column_type	type = t->columns[t->key[in_key]].type;

	return type == COLUMN_BLOB || type == COLUMN_ANY;
}

static void
put_key_of(struct buf *sql, const struct table *t, int in_key)
{
	buf_printf(sql, is_hashed(t, in_key) ? "sha256(\"%s\")" : "\"%s\"",
	    t->columns[t->key[in_key]].name);
}

static void
put_key(struct buf *sql, const struct table *t)
{
	for (int i = 0; i < t->keys; i++) {
		buf_printf(sql, "%s", i == 0 ? "" : ", ");
		put_key_of(sql, t, i);
	}
}

void
layout_put_create(struct buf *sql, const struct table *t)
{
	buf_printf(sql, "CREATE TABLE \"%s\" (", t->name);
	for (int i = 0; i < t->count; i++)
		buf_printf(sql, "%s\"%s\" %s%s", i == 0 ? "" : ", ",
		    t->columns[i].name, type_name(t->columns[i].type),
		    is_in_key(t, i) ? " NOT NULL" : "");
	buf_printf(sql, "); CREATE UNIQUE INDEX \"%s_key\" ON \"%s\" (",
	    t->name, t->name);
	put_key(sql, t);
	buf_printf(sql, ");");
}

/* "unnest($1::bigint[], $2::text[])" */
static void
put_arrays(struct buf *sql, const struct table *t, bool only_key)
{
	int	count = only_key ? t->keys : t->count;

	buf_printf(sql, "unnest(");
	for (int i = 0; i < count; i++)
		buf_printf(sql, "%s$%d::%s[]", i == 0 ? "" : ", ", i + 1,
		    type_name(t->columns[only_key ? t->key[i] : i].type));
	buf_printf(sql, ")");
}

void
layout_put_upsert(struct buf *sql, const struct table *t)
{
	const char	*word = "DO UPDATE SET";

	buf_printf(sql, "INSERT INTO \"%s\" (", t->name);
	put_columns(sql, t);
	buf_printf(sql, ") SELECT * FROM ");
	put_arrays(sql, t, false);
	buf_printf(sql, " ON CONFLICT (");
	put_key(sql, t);
	buf_printf(sql, ") ");
	for (int i = 0; i < t->count; i++) {
		if (is_in_key(t, i))
			continue;
		buf_printf(sql, "%s \"%s\" = excluded.\"%s\"", word,
		    t->columns[i].name, t->columns[i].name);
		word = ",";
	}
	if (t->keys == t->count)
		buf_printf(sql, "DO NOTHING");
}

void
layout_put_delete(struct buf *sql, const struct table *t)
{
	buf_printf(sql, "DELETE FROM \"%s\" WHERE (", t->name);
	put_key(sql, t);
	buf_printf(sql, ") IN (SELECT ");
	put_key(sql, t);
	buf_printf(sql, " FROM ");
	put_arrays(sql, t, true);
	buf_printf(sql, " AS gone (");
	for (int i = 0; i < t->keys; i++)
		buf_printf(sql, "%s\"%s\"", i == 0 ? "" : ", ",
		    t->columns[t->key[i]].name);
	buf_printf(sql, "))");
}

void
layout_put_copy_in(struct buf *sql, const struct table *t)
{
	buf_printf(sql, "COPY \"%s\" (", t->name);
	put_columns(sql, t);
	buf_printf(sql, ") FROM STDIN BINARY");
}

void
layout_put_copy_out(struct buf *sql, const struct table *t)
{
	buf_printf(sql, "COPY (SELECT ");
	put_columns(sql, t);
	buf_printf(sql, " FROM \"%s\" ORDER BY ", t->name);
	put_key(sql, t);
	buf_printf(sql, ") TO STDOUT BINARY");
}
