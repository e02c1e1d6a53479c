/* Queries over a connection. */
#include "tools/flicketctl/store/select.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

#define SQL_SIZE	1024

struct select
select_begin(sqlite3 *db, const char *sql)
{
	struct select	r = { .db = db };

	r.failed = sqlite3_prepare_v2(db, sql, -1, &r.st, NULL) != SQLITE_OK;
	return r;
}

static struct select
begin_formatted(sqlite3 *db, const char *format, va_list ap)
{
	char	sql[SQL_SIZE];

	CHECK(vsnprintf(sql, sizeof(sql), format, ap) < SQL_SIZE);
	return select_begin(db, sql);
}

struct select
select_begin_with(sqlite3 *db, const char *format, ...)
{
	struct select	r;
	va_list		ap;

	va_start(ap, format);
	r = begin_formatted(db, format, ap);
	va_end(ap);
	return r;
}

void
select_bind_text(struct select *r, int parameter, const char *text)
{
	if (r->st != NULL)
		(void)sqlite3_bind_text(r->st, parameter, text, -1,
		    SQLITE_STATIC);
}

void
select_bind_number(struct select *r, int parameter, int64_t number)
{
	if (r->st != NULL)
		(void)sqlite3_bind_int64(r->st, parameter, number);
}

bool
select_next(struct select *r)
{
	int	rc;

	if (r->st == NULL || r->ended)
		return false;
	rc = sqlite3_step(r->st);
	r->ended = rc != SQLITE_ROW;
	r->failed = r->failed || (rc != SQLITE_ROW && rc != SQLITE_DONE);
	return !r->ended;
}

void
select_again(struct select *r)
{
	if (r->st != NULL)
		(void)sqlite3_reset(r->st);
	r->ended = false;
}

const char *
select_text(const struct select *r, int column)
{
	const char	*text = (const char *)sqlite3_column_text(r->st, column);

	return text == NULL ? "" : text;
}

int64_t
select_number(const struct select *r, int column)
{
	return sqlite3_column_int64(r->st, column);
}

struct text
select_bytes(const struct select *r, int column)
{
	const char	*base = sqlite3_column_blob(r->st, column);

	return (struct text){ base,
	    (size_t)sqlite3_column_bytes(r->st, column) };
}

bool
select_end(struct select *r)
{
	(void)sqlite3_finalize(r->st);
	r->st = NULL;
	return !r->failed;
}

bool
select_one_number(sqlite3 *db, int64_t *ret, const char *format, ...)
{
	struct select	r;
	va_list		ap;
	bool		is;

	va_start(ap, format);
	r = begin_formatted(db, format, ap);
	va_end(ap);
	is = select_next(&r);
	if (is)
		*ret = select_number(&r, 0);
	return select_end(&r) && is;
}

bool
select_finds(struct sqlite3 *db, const char *sql, const char *first,
    const char *second)
{
	struct select	r = select_begin(db, sql);
	bool		found;

	select_bind_text(&r, 1, first);
	select_bind_text(&r, 2, second);
	found = select_next(&r);
	(void)select_end(&r);
	return found;
}

bool
select_execute(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

const char *
select_error(sqlite3 *db)
{
	return sqlite3_errmsg(db);
}
