/* How a value of a dump becomes one of SQLite, by the type of its column. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "tools/flicketctl/data/dump/dump_parts.h"

static const struct {
	const char	*word;
	enum dump_type	 type;
} types[] = {
	{ "tinyint", TYPE_INTEGER }, { "smallint", TYPE_INTEGER },
	{ "mediumint", TYPE_INTEGER }, { "int", TYPE_INTEGER },
	{ "integer", TYPE_INTEGER }, { "bigint", TYPE_INTEGER },
	{ "int2", TYPE_INTEGER }, { "int4", TYPE_INTEGER },
	{ "int8", TYPE_INTEGER }, { "serial", TYPE_INTEGER },
	{ "bigserial", TYPE_INTEGER }, { "smallserial", TYPE_INTEGER },
	{ "decimal", TYPE_NUMBER }, { "numeric", TYPE_NUMBER },
	{ "float", TYPE_NUMBER }, { "double", TYPE_NUMBER },
	{ "real", TYPE_NUMBER }, { "bytea", TYPE_BYTES },
	{ "blob", TYPE_BYTES }, { "tinyblob", TYPE_BYTES },
	{ "mediumblob", TYPE_BYTES }, { "longblob", TYPE_BYTES },
	{ "binary", TYPE_BYTES }, { "varbinary", TYPE_BYTES },
	{ "boolean", TYPE_BOOLEAN }, { "bool", TYPE_BOOLEAN },
	{ "bit", TYPE_BITS }
};

enum dump_type
type_named(const char *word)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(word, types[i].word) == 0)
			return types[i].type;
	return TYPE_TEXT;
}

const char *
type_declared(enum dump_type type)
{
	static const char *const	declared[] = {
		[TYPE_TEXT] = "TEXT", [TYPE_INTEGER] = "INTEGER",
		[TYPE_NUMBER] = "NUMERIC", [TYPE_BYTES] = "BLOB",
		[TYPE_BOOLEAN] = "INTEGER", [TYPE_BITS] = "INTEGER"
	};

	return declared[type];
}

static void
bind_text(sqlite3_stmt *st, int n, struct text t)
{
	sqlite3_bind_text64(st, n, t.len > 0 ? t.base : "", t.len,
	    SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void
bind_blob(sqlite3_stmt *st, int n, struct text t)
{
	sqlite3_bind_blob64(st, n, t.len > 0 ? t.base : "", t.len,
	    SQLITE_TRANSIENT);
}

static bool
is_one_of(struct text t, const char *a, const char *b)
{
	return (t.len == strlen(a) && strncasecmp(t.base, a, t.len) == 0) ||
	    (t.len == strlen(b) && strncasecmp(t.base, b, t.len) == 0);
}

static void
bind_boolean(sqlite3_stmt *st, int n, struct text t)
{
	if (is_one_of(t, "t", "true"))
		sqlite3_bind_int(st, n, 1);
	else if (is_one_of(t, "f", "false"))
		sqlite3_bind_int(st, n, 0);
	else
		bind_text(st, n, t);
}

/* Digits 0 and 1, or bytes, of which the last are the lowest. */
static void
bind_bits(sqlite3_stmt *st, int n, struct text t, bool digits)
{
	uint64_t	bits = 0;

	for (size_t i = 0; i < t.len; i++)
		bits = digits ? bits << 1 | (t.base[i] == '1') :
		    bits << 8 | (unsigned char)t.base[i];
	sqlite3_bind_int64(st, n, (int64_t)bits);
}

static bool
is_octal(struct text t)
{
	return t.len >= 4 && t.base[1] >= '0' && t.base[1] <= '3' &&
	    t.base[2] >= '0' && t.base[2] <= '7' && t.base[3] >= '0' &&
	    t.base[3] <= '7';
}

/* Bytea in the format "escape": \\ and \ooo. */
static struct text
decode_escape(struct text t, struct buf *out)
{
	while (t.len > 0) {
		size_t	step = 1;
		char	c = t.base[0];

		if (c == '\\' && is_octal(t)) {
			c = (char)((t.base[1] - '0') << 6 |
			    (t.base[2] - '0') << 3 | (t.base[3] - '0'));
			step = 4;
		} else if (c == '\\' && t.len > 1 && t.base[1] == '\\')
			step = 2;
		buf_put_byte(out, c);
		t.base += step;
		t.len -= step;
	}
	return buf_text(out);
}

/* Bytea: "\x4142", or in the format "escape". */
static bool
bind_bytea(struct dump *d, sqlite3_stmt *st, int n, struct text t)
{
	struct buf	out = { 0 };

	if (t.len < 2 || t.base[0] != '\\' || t.base[1] != 'x') {
		bind_blob(st, n, decode_escape(t, &out));
		buf_done(&out);
		return true;
	}
	d->text.len = 0;
	buf_put(&d->text, t.base + 2, t.len - 2);
	if (!dump_decode_hex(d))
		return false;
	bind_blob(st, n, buf_text(&d->text));
	return true;
}

static bool
bind_string(struct dump *d, sqlite3_stmt *st, int n, struct text t)
{
	struct buf	out = { 0 };
	bool		ok;

	if (d->charset == CHARSET_UTF8) {
		bind_text(st, n, t);
		return true;
	}
	ok = charset_convert(d, t, &out);
	if (ok)
		bind_text(st, n, buf_text(&out));
	buf_done(&out);
	return ok;
}

/* A value that is no NULL and no word. */
static bool
bind_typed(struct dump *d, sqlite3_stmt *st, int n, enum dump_type type,
    enum dump_kind kind, struct text t)
{
	if (type == TYPE_BITS)
		bind_bits(st, n, t, kind == VALUE_BITS ||
		    d->dialect == DUMP_POSTGRES);
	else if (type == TYPE_BYTES && kind == VALUE_STRING &&
	    d->dialect == DUMP_POSTGRES)
		return bind_bytea(d, st, n, t);
	else if (type == TYPE_BYTES)
		bind_blob(st, n, t);
	else if (type == TYPE_BOOLEAN)
		bind_boolean(st, n, t);
	else if (kind == VALUE_STRING && type == TYPE_TEXT)
		return bind_string(d, st, n, t);
	else
		bind_text(st, n, t);
	return true;
}

bool
dump_value_bind(struct dump *d, struct dump_table *table, size_t n)
{
	const struct dump_value	*v = &d->values[n];
	size_t			 column = d->order[n];
	int			 parameter = (int)column + 1;
	struct text		 t = { d->row.base + v->at, v->len };

	switch (v->kind) {
	case VALUE_NULL:
		sqlite3_bind_null(table->insert, parameter);
		return true;
	case VALUE_TRUE:
	case VALUE_FALSE:
		sqlite3_bind_int(table->insert, parameter,
		    v->kind == VALUE_TRUE);
		return true;
	default:
		return bind_typed(d, table->insert, parameter,
		    table->columns[column].type, v->kind, t);
	}
}
