/*
 * The reader of Flicket's databases: any value in any column becomes one that
 * our stores can have. The first byte says which column, the second which of
 * SQLite's types the rest is.
 */
#include "fuzz.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <time.h>

#include "tools/flicketctl/data/import/import_parts.h"

static sqlite3		*db;
static sqlite3_stmt	*from, *to;

static value_fn *const	converters[] = {
	value_id, value_reference, value_count, value_flag, value_text,
	value_date, value_hours, value_json, value_password, value_rights,
	value_department, value_user, value_group, value_token, value_expiry,
	value_now, value_upload, value_avatar
};

/* In the place of import_report.c: a line is whole and has no controls. */
void	__wrap_report_row(struct row *, int, const char *, ...)
	    __attribute__((format(printf, 3, 4)));

void
__wrap_report_row(struct row *row, int n, const char *format, ...)
{
	char	line[QUOTE_SIZE + 200];
	va_list	ap;
	int	len;

	(void)row, (void)n;
	va_start(ap, format);
	len = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	CHECK(len > 0 && (size_t)len < sizeof(line));
	CHECK(text_characters((struct text){ line, (size_t)len }) != -1);
	for (int i = 0; i < len; i++)
		CHECK((unsigned char)line[i] >= ' ');
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	CHECK(sqlite3_open(":memory:", &db) == SQLITE_OK);
	CHECK(sqlite3_exec(db, "CREATE TABLE users (id INTEGER PRIMARY KEY);"
	    "CREATE TABLE groups (id INTEGER PRIMARY KEY);"
	    "CREATE TABLE departments (id INTEGER PRIMARY KEY);"
	    "INSERT INTO users VALUES (1); INSERT INTO groups VALUES (2);"
	    "INSERT INTO departments VALUES (3)", NULL, NULL, NULL) ==
	    SQLITE_OK);
	CHECK(sqlite3_prepare_v2(db, "SELECT 'label', ?1", -1, &from, NULL) ==
	    SQLITE_OK);
	CHECK(sqlite3_prepare_v2(db, "SELECT ?1", -1, &to, NULL) == SQLITE_OK);
	return 0;
}

static void
bind(struct input *in)
{
	uint8_t		kind = input_byte(in) % 5;
	int64_t		number;
	double		real;

	if (kind == 0)
		sqlite3_bind_null(from, 1);
	else if (kind == 1)
		sqlite3_bind_int64(from, 1, input_number(in));
	else if (kind == 2) {
		number = input_number(in);
		memcpy(&real, &number, sizeof(real));
		sqlite3_bind_double(from, 1, real);
	} else if (kind == 3)
		sqlite3_bind_text(from, 1, (const char *)in->base,
		    (int)in->len, SQLITE_STATIC);
	else
		sqlite3_bind_blob(from, 1, in->base, (int)in->len,
		    SQLITE_STATIC);
}

/* What was bound, if it is a text, is one of ours. */
static void
check_bound(value_fn *convert)
{
	struct text	t;

	CHECK(sqlite3_step(to) == SQLITE_ROW);
	if (sqlite3_column_type(to, 0) == SQLITE_TEXT) {
		t.base = (const char *)sqlite3_column_text(to, 0);
		t.len = (size_t)sqlite3_column_bytes(to, 0);
		CHECK(text_characters(t) != -1);
	}
	if (convert == value_flag || convert == value_count ||
	    convert == value_hours || convert == value_rights)
		CHECK(sqlite3_column_type(to, 0) == SQLITE_INTEGER);
	sqlite3_reset(to);
	sqlite3_clear_bindings(to);
}

/* A date is what the C library makes of its parts. */
static void
check_date(struct text t)
{
	char		copy[64];
	struct tm	tm = { 0 };
	struct data_date	date;
	const char	*end;

	if (t.len >= sizeof(copy) || (t.len > 0 &&
	    memchr(t.base, '\0', t.len) != NULL))
		return;
	memcpy(copy, t.base, t.len);
	copy[t.len] = '\0';
	if (!data_date_read(copy, &date))
		return;
	end = strptime(copy, "%Y-%m-%d", &tm);
	CHECK(end != NULL);
	if (*end != '\0')
		end = strptime(end + 1, "%H:%M", &tm);
	CHECK(end != NULL);
	if (*end == ':')
		CHECK(strptime(end + 1, "%S", &tm) != NULL);
	if (date.has_offset)
		return;		/* timegm() knows none */
	CHECK(date.us / 1000000 - (date.us % 1000000 < 0) == timegm(&tm));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input	 in = { data, len };
	struct import	 im = { .now = INT64_C(1700000000000000) };
	struct row	 row = { .im = &im, .from = from, .to = to };
	value_fn	*convert;

	convert = converters[input_byte(&in) % LEN(converters)];
	bind(&in);
	CHECK(sqlite3_step(from) == SQLITE_ROW);
	if (convert(&row, 1) == KEEP)
		check_bound(convert);
	sqlite3_clear_bindings(to);
	sqlite3_reset(from);
	sqlite3_clear_bindings(from);
	check_date((struct text){ (const char *)in.base, in.len });
	return 0;
}
