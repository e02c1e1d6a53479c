/* What a value has to be. Blanks around all but texts are taken away. */
#include <sqlite3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/tables.h"
#include "services/user/password.h"
#include "tools/flicketctl/data/data_date.h"
#include "tools/flicketctl/data/records/records_parts.h"

#define SHOWN	60	/* bytes of a value in a message */

static bool
refuse(struct records *r, int column, const char *why)
{
	struct text	t = r->value[column];

	return records_fault(r, column, "\"%.*s%s\" %s",
	    (int)(t.len < SHOWN ? t.len : SHOWN), t.base,
	    t.len < SHOWN ? "" : "...", why);
}

/* Cells end in a NUL; a value without the blanks behind it may not. */
static bool
copy_of(struct text t, char *ret, size_t size)
{
	if (t.len >= size)
		return false;
	memcpy(ret, t.base, t.len);
	ret[t.len] = '\0';
	return true;
}

static bool
check_line(struct records *r, int column, size_t most)
{
	struct text	t = r->value[column];

	if (memchr(t.base, '\n', t.len) != NULL ||
	    memchr(t.base, '\r', t.len) != NULL)
		return records_fault(r, column, "it has more than one line");
	if (t.len > most)
		return records_fault(r, column, "it has %zu bytes, and at most "
		    "%zu are possible", t.len, most);
	return true;
}

static bool
check_date(struct records *r, int column)
{
	char		text[64];
	struct data_date	date;

	return (copy_of(r->value[column], text, sizeof(text)) &&
	    data_date_read(text, &date)) || refuse(r, column, "is not a date, as "
	    "2024-02-29T13:45:00+01:00 or 2024-02-29 13:45");
}

static bool
check_hours(struct records *r, int column)
{
	double	most = (double)key_info(KEY_HOURS)->most / 100, hours;
	char	text[64], *end;

	if (!copy_of(r->value[column], text, sizeof(text)))
		return refuse(r, column, "is not a number, as 1.25");
	hours = strtod(text, &end);
	if (*end != '\0' || strspn(text, "0123456789.") != strlen(text))
		return refuse(r, column, "is not a number, as 1.25");
	return hours <= most || refuse(r, column, "is too much: it is at most "
	    "99999999.99");
}

static bool
check_flag(struct records *r, int column)
{
	static const char *const	words[] = { "no", "yes", "false", "true",
					    "0", "1" };
	struct text			t = r->value[column];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (t.len == strlen(words[i]) &&
		    strncasecmp(t.base, words[i], t.len) == 0) {
			r->value[column] = i % 2 == 1 ? TEXT_OF("1") :
			    TEXT_OF("0");
			return true;
		}
	return refuse(r, column, "is neither yes nor no");
}

/* The value may be a password: it is not shown. */
static bool
check_hash(struct records *r, int column)
{
	switch (password_kind(r->value[column], NULL)) {
	case PASSWORD_BCRYPT:
		return true;
	case PASSWORD_DEAR:
		return records_fault(r, column, "it is a hash at a cost beyond "
		    "%d, which is never checked", PASSWORD_COST_MOST);
	default:
		return records_fault(r, column, "it is not a bcrypt hash "
		    "(\"$2b$...\"); leave it empty, and set the password "
		    "after the import");
	}
}

bool
records_check(struct records *r, int column)
{
	const struct records_column	*c = &records_columns(r->table)[column];
	struct text			*t = &r->value[column];

	if (t->base == NULL)
		t->len = 0;
	else if (c->type != RECORDS_TEXT)
		*t = text_trim(*t, TEXT_OF(" \t\n\v\f\r"));
	if (t->len == 0) {
		t->base = c->type == RECORDS_TEXT ? t->base : NULL;
		return !c->needed || records_fault(r, column, "it is missing");
	}
	switch (c->type) {
	case RECORDS_KEY:
		return check_line(r, column, RECORDS_KEY_MOST);
	case RECORDS_NAME:
		return check_line(r, column, 5000);
	case RECORDS_DATE:
		return check_date(r, column);
	case RECORDS_HOURS:
		return check_hours(r, column);
	case RECORDS_FLAG:
		return check_flag(r, column);
	case RECORDS_HASH:
		return check_hash(r, column);
	case RECORDS_TEXT:
	case RECORDS_LIST:
		break;
	}
	return true;
}
