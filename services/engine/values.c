/* Values of SQLite in PostgreSQL's binary form. */
#include "services/engine/values.h"

#include <endian.h>
#include <limits.h>
#include <sqlite3.h>
#include <string.h>

#include "base/log.h"

/* Of src/include/catalog/pg_type.dat; they do not change. */
#define OID_BYTEA	17
#define OID_INT8	20
#define OID_TEXT	25

#define AT_COUNT	12	/* in an array's head */

static void
put_32(struct buf *b, uint32_t n)
{
	n = htobe32(n);
	buf_put(b, &n, sizeof(n));
}

static void
put_number(struct buf *b, int64_t number)
{
	uint64_t	n = htobe64((uint64_t)number);

	buf_put(b, &n, sizeof(n));
}

static void
put_bytes(struct buf *b, sqlite3_value *v)
{
	/* first the bytes, then how many: the former may convert */
	const void	*bytes = sqlite3_value_blob(v);
	size_t		 len = (size_t)sqlite3_value_bytes(v);

	put_32(b, (uint32_t)len);
	buf_put(b, bytes, len);
}

/* With the letter of its type. */
static bool
put_any(struct buf *b, sqlite3_value *v)
{
	size_t	len = (size_t)sqlite3_value_bytes(v);

	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		put_32(b, 1 + sizeof(int64_t));
		buf_put_byte(b, 'i');
		put_number(b, sqlite3_value_int64(v));
		return true;
	case SQLITE_TEXT:
	case SQLITE_BLOB:
		put_32(b, (uint32_t)len + 1);
		buf_put_byte(b, sqlite3_value_type(v) == SQLITE_TEXT ? 't' : 'b');
		buf_put(b, sqlite3_value_blob(v), len);
		return true;
	default:
		return false;
	}
}

bool
value_put(struct buf *b, enum column_type type, sqlite3_value *v)
{
	int	is = sqlite3_value_type(v);

	if (is == SQLITE_NULL) {
		put_32(b, UINT32_MAX);
		return true;
	}
	if (type == COLUMN_ANY)
		return put_any(b, v);
	if (type == COLUMN_INTEGER && is == SQLITE_INTEGER) {
		put_32(b, sizeof(int64_t));
		put_number(b, sqlite3_value_int64(v));
		return true;
	}
	if ((type == COLUMN_TEXT && is == SQLITE_TEXT) ||
	    (type == COLUMN_BLOB && is == SQLITE_BLOB)) {
		put_bytes(b, v);
		return true;
	}
	return false;
}

/* --- back --------------------------------------------------------------------- */

static bool
bind_number(sqlite3_stmt *st, int parameter, struct text bytes)
{
	uint64_t	n;

	if (bytes.len != sizeof(n))
		return false;
	memcpy(&n, bytes.base, sizeof(n));
	return sqlite3_bind_int64(st, parameter, (int64_t)be64toh(n)) ==
	    SQLITE_OK;
}

static bool
bind_any(sqlite3_stmt *st, int parameter, struct text bytes)
{
	struct text	rest = { bytes.base + 1, bytes.len - 1 };

	switch (bytes.len == 0 ? '\0' : bytes.base[0]) {
	case 'i':
		return bind_number(st, parameter, rest);
	case 't':
		return value_bind(st, parameter, COLUMN_TEXT, rest);
	case 'b':
		return value_bind(st, parameter, COLUMN_BLOB, rest);
	default:
		return false;
	}
}

bool
value_bind(sqlite3_stmt *st, int parameter, enum column_type type,
    struct text bytes)
{
	if (bytes.base == NULL)
		return sqlite3_bind_null(st, parameter) == SQLITE_OK;
	switch (type) {
	case COLUMN_INTEGER:
		return bind_number(st, parameter, bytes);
	case COLUMN_TEXT:
		return sqlite3_bind_text64(st, parameter, bytes.base, bytes.len,
		    SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
	case COLUMN_BLOB:
		return sqlite3_bind_blob64(st, parameter, bytes.base, bytes.len,
		    SQLITE_STATIC) == SQLITE_OK;
	default:
		return bind_any(st, parameter, bytes);
	}
}

/* --- arrays --------------------------------------------------------------------- */

static uint32_t
oid_of(enum column_type type)
{
	if (type == COLUMN_INTEGER)
		return OID_INT8;
	return type == COLUMN_TEXT ? OID_TEXT : OID_BYTEA;
}

/* Dimensions, whether there are NULLs, the type; how many, and from which on. */
void
array_begin(struct buf *b, enum column_type type)
{
	b->len = 0;
	put_32(b, 1);
	put_32(b, 1);
	put_32(b, oid_of(type));
	put_32(b, 0);
	put_32(b, 1);
}

void
array_end(struct buf *b, uint32_t count)
{
	count = htobe32(count);
	CHECK(b->len >= AT_COUNT + sizeof(count));
	memcpy(b->base + AT_COUNT, &count, sizeof(count));
}
