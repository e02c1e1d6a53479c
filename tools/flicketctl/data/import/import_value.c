/*
 * Conversions of Flicket's values to ours. In SQLite a column may hold values
 * of any type, so each converter takes all types: it converts as SQLite would,
 * and reports a value that this has changed.
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <sqlite3.h>
#include <jansson.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proto/tables.h"

static bool
is_null(struct row *row, int n)
{
	return sqlite3_column_type(row->from, n) == SQLITE_NULL;
}

/* The bytes of a value that is not NULL, valid until the next row. */
static const char *
bytes_of(struct row *row, int n, size_t *ret_len)
{
	const void	*text = sqlite3_column_text(row->from, n);

	*ret_len = (size_t)sqlite3_column_bytes(row->from, n);
	return text != NULL ? text : "";
}

/* Report a value that could not stay what it was. */
static void
report_value(struct row *row, int n, const char *what)
{
	char		 quoted[QUOTE_SIZE];
	size_t		 len;
	const char	*text = bytes_of(row, n, &len);

	report_row(row, n, "%s %s", text_quote(quoted, text, len), what);
}

/*
 * The text of a value, fit for our stores; a change of it is reported. The
 * caller frees *ret_owned, which may be NULL.
 */
static const char *
text_from(struct row *row, int n, size_t *ret_len, char **ret_owned)
{
	const char	*raw = bytes_of(row, n, ret_len);
	size_t		 bad, nul, len = *ret_len;
	char		*clean;

	*ret_owned = NULL;
	*ret_len = text_clean(raw, len, NULL, &bad, &nul);
	if (bad == 0 && nul == 0)
		return raw;
	clean = malloc(*ret_len + 1);
	CHECK(clean != NULL);
	text_clean(raw, len, clean, &bad, &nul);
	clean[*ret_len] = '\0';
	if (nul > 0)
		report_row(row, n, "NUL bytes cut out: %zu", nul);
	if (bad > 0)
		report_row(row, n, "bytes that are not UTF-8 became U+FFFD: %zu times",
		    bad);
	*ret_owned = clean;
	return clean;
}

/*
 * The length of a clean text that is kept, in whole characters. A cut is
 * reported.
 */
static size_t
bound_text(struct row *row, int n, const char *text, size_t len)
{
	size_t	most = IMPORT_TEXT_MOST;

	if (len <= most)
		return len;
	while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	report_row(row, n, "cut after %zu bytes: it has %zu", most, len);
	return most;
}

const char *
value_bind_text(struct row *row, int n)
{
	char		*owned;
	const char	*text;
	size_t		 len;

	if (is_null(row, n)) {
		sqlite3_bind_null(row->to, n);
		return NULL;
	}
	text = text_from(row, n, &len, &owned);
	len = bound_text(row, n, text, len);
	sqlite3_bind_text64(row->to, n, text, len,
	    owned != NULL ? free : SQLITE_STATIC, SQLITE_UTF8);
	return text;
}

enum keep
value_text(struct row *row, int n)
{
	value_bind_text(row, n);
	return KEEP;
}

static enum keep
file_bind(struct row *row, int n, enum files_id files)
{
	row->file_to = value_bind_text(row, n);
	if (row->file_to == NULL || row->file_to[0] == '\0')
		return KEEP;
	row->file_from = (const char *)sqlite3_column_text(row->from, n);
	row->files = files;
	return KEEP;
}

enum keep
value_upload(struct row *row, int n)
{
	return file_bind(row, n, FILES_UPLOADS);
}

enum keep
value_avatar(struct row *row, int n)
{
	return file_bind(row, n, FILES_AVATARS);
}

/* A number as SQLite makes it of any value; reported if that changes it. */
static int64_t
integer_of(struct row *row, int n)
{
	int64_t		 number = sqlite3_column_int64(row->from, n);
	char		 printed[24], what[64];
	const char	*text;
	size_t		 len;

	if (sqlite3_column_type(row->from, n) == SQLITE_INTEGER)
		return number;
	text = bytes_of(row, n, &len);
	snprintf(printed, sizeof(printed), "%lld", (long long)number);
	if (len != strlen(printed) || memcmp(text, printed, len) != 0) {
		snprintf(what, sizeof(what), "taken as %s", printed);
		report_value(row, n, what);
	}
	return number;
}

/* Whether the absolute value of a number is at most another one. */
static bool
is_within(int64_t number, int64_t most)
{
	return number >= -most && number <= most;
}

/* The id of another row, which need not exist. */
enum keep
value_reference(struct row *row, int n)
{
	int64_t	id = is_null(row, n) ? 0 : integer_of(row, n);

	if (!is_within(id, IMPORT_ID_MOST)) {
		report_value(row, n, "is too large for an id: left empty");
		sqlite3_bind_null(row->to, n);
	} else if (is_null(row, n))
		sqlite3_bind_null(row->to, n);
	else
		sqlite3_bind_int64(row->to, n, id);
	return KEEP;
}

/* A counter; NULL is 0. */
enum keep
value_count(struct row *row, int n)
{
	int64_t	count = is_null(row, n) ? 0 : integer_of(row, n);

	if (!is_within(count, IMPORT_COUNT_MOST)) {
		report_value(row, n, "is too much: taken as 0");
		count = 0;
	}
	sqlite3_bind_int64(row->to, n, count);
	return KEEP;
}

/*
 * A flag. A value that is not a number counts as set: a login too few is safer.
 */
enum keep
value_flag(struct row *row, int n)
{
	int	type = sqlite3_column_type(row->from, n);
	bool	number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
	double	value = sqlite3_column_double(row->from, n);
	bool	on = number && value != 0;

	if (type == SQLITE_TEXT || type == SQLITE_BLOB || (on && value != 1)) {
		on = true;
		report_value(row, n, "taken as 1");
	}
	sqlite3_bind_int(row->to, n, on);
	return KEEP;
}

enum keep
value_id(struct row *row, int n)
{
	int64_t	id = sqlite3_column_int64(row->from, n);

	if (sqlite3_column_type(row->from, n) != SQLITE_INTEGER || id < 1) {
		report_row(row, n, "not kept: an id is a whole number from 1 "
		    "on");
		return DROP;
	}
	if (id > IMPORT_ID_MOST) {
		report_row(row, n, "not kept: an id is at most %lld",
		    (long long)IMPORT_ID_MOST);
		return DROP;
	}
	sqlite3_bind_int64(row->to, n, id);
	return KEEP;
}

/* Is there a row with this id in a table of the store the row goes to? */
static bool
is_row_there(struct row *row, const char *table, int64_t id)
{
	char		*sql = sqlite3_mprintf("SELECT 1 FROM %s WHERE id = ?",
			    table);
	sqlite3		*db = sqlite3_db_handle(row->to);
	sqlite3_stmt	*st;
	int		 rc;

	CHECK(sql != NULL);
	CHECK(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK);
	sqlite3_free(sql);
	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		log_fatal("store %s: %s", sqlite3_db_filename(db, "main"),
		    sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return rc == SQLITE_ROW;
}

/* The id of a row without which this one has no meaning. */
static enum keep
needed_id(struct row *row, int n, const char *table)
{
	int64_t	id;

	if (is_null(row, n)) {
		report_row(row, n, "not kept: it is NULL");
		return DROP;
	}
	id = integer_of(row, n);
	if (!is_row_there(row, table, id)) {
		report_row(row, n, "not kept: %lld is not among the %s",
		    (long long)id, table);
		return DROP;
	}
	sqlite3_bind_int64(row->to, n, id);
	return KEEP;
}

enum keep
value_user(struct row *row, int n)
{
	return needed_id(row, n, "users");
}

enum keep
value_group(struct row *row, int n)
{
	return needed_id(row, n, "groups");
}

enum keep
value_department(struct row *row, int n)
{
	int64_t	id;

	sqlite3_bind_null(row->to, n);
	if (is_null(row, n))
		return KEEP;
	id = integer_of(row, n);
	if (is_row_there(row, "departments", id))
		sqlite3_bind_int64(row->to, n, id);
	else
		report_value(row, n, "is not a department: left empty");
	return KEEP;
}

/* Column 1 of a group is its id. */
enum keep
value_rights(struct row *row, int n)
{
	size_t		 len;
	const char	*name = bytes_of(row, n, &len);
	int64_t		 id = sqlite3_column_int64(row->from, 1);
	int		 rights = 0;

	if (meanings_is_group(row->im, MEANING_ADMIN, id, name))
		rights = RIGHT_ADMIN | RIGHT_STAFF;
	else if (meanings_is_group(row->im, MEANING_STAFF, id, name))
		rights = RIGHT_STAFF;
	sqlite3_bind_int(row->to, n, rights);
	return KEEP;
}

/* Read a column's date. False: it is NULL, or not a date, which is reported. */
static bool
date_of(struct row *row, int n, struct data_date *ret)
{
	const char	*text;
	size_t		 len;

	if (is_null(row, n))
		return false;
	text = bytes_of(row, n, &len);
	if (strlen(text) != len || !data_date_read(text, ret) ||
	    (!ret->is_plain && !row->im->records)) {
		report_value(row, n, "is not a date: left empty");
		return false;
	}
	if (ret->is_cut)
		report_value(row, n, "is cut to microseconds");
	return true;
}

enum keep
value_date(struct row *row, int n)
{
	struct data_date	date;

	if (date_of(row, n, &date))
		sqlite3_bind_int64(row->to, n, date.has_offset ? date.us :
		    zone_to_utc(date.us));
	else
		sqlite3_bind_null(row->to, n);
	return KEEP;
}

#define NOISE	1e-4	/* of a binary number for a decimal one, in hundredths */

/* Hours to hundredths of an hour. */
enum keep
value_hours(struct row *row, int n)
{
	int64_t	hundredths;
	double	hours = sqlite3_column_double(row->from, n);
	double	most = (double)key_info(KEY_HOURS)->most / 100;
	int	type = sqlite3_column_type(row->from, n);

	if (!(hours >= -most && hours <= most)) {
		report_value(row, n, "is too much: taken as 0");
		hours = 0;
	} else if (type == SQLITE_TEXT || type == SQLITE_BLOB)
		report_value(row, n, "is not a number: taken as far as it is");
	hundredths = (int64_t)(hours * 100 + (hours < 0 ? -0.5 : 0.5));
	if (fabs(hours * 100 - (double)hundredths) > NOISE)
		report_value(row, n, "is rounded to hundredths");
	sqlite3_bind_int64(row->to, n, hundredths);
	return KEEP;
}

/* JSON in our own form: sorted, without blanks. null becomes NULL. */
enum keep
value_json(struct row *row, int n)
{
	const char	*text;
	char		*owned, *ours = NULL;
	size_t		 len;
	json_t		*json;

	sqlite3_bind_null(row->to, n);
	if (is_null(row, n))
		return KEEP;
	text = text_from(row, n, &len, &owned);
	if (len > IMPORT_TEXT_MOST) {
		report_row(row, n, "is too long, it has %zu bytes: left empty",
		    len);
		free(owned);
		return KEEP;
	}
	json = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (json == NULL)
		report_value(row, n, "is not JSON: left empty");
	else if (!json_is_null(json)) {
		ours = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS |
		    JSON_ENCODE_ANY);
		CHECK(ours != NULL);
		sqlite3_bind_text(row->to, n, ours, -1, free);
	}
	json_decref(json);
	free(owned);
	return KEEP;
}

enum keep
value_token(struct row *row, int n)
{
	unsigned char	 hash[crypto_hash_sha256_BYTES];
	size_t		 len;
	const char	*token = bytes_of(row, n, &len);

	if (len == 0)
		return DROP_QUIETLY;
	crypto_hash_sha256(hash, (const unsigned char *)token, len);
	sqlite3_bind_blob(row->to, n, hash, sizeof(hash), SQLITE_TRANSIENT);
	return KEEP;
}

/*
 * When a token ends; the row is dropped if it has already. Flicket stores this
 * one date in UTC.
 */
enum keep
value_expiry(struct row *row, int n)
{
	struct data_date	date;

	if (!date_of(row, n, &date) || date.us <= row->im->now)
		return DROP_QUIETLY;
	sqlite3_bind_int64(row->to, n, date.us);
	return KEEP;
}

enum keep
value_now(struct row *row, int n)
{
	sqlite3_bind_int64(row->to, n, row->im->now);
	return KEEP;
}
