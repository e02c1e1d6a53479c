/*
 * Dates as Flicket's SQLite driver writes them. They do not say which zone they
 * are in (import_zone.c).
 */
#include "tools/flicketctl/data/import/import_parts.h"

#include <string.h>

#include "base/number.h"

#define SECOND	INT64_C(1000000)	/* in microseconds */

/* Read exactly `digits` digits; false if they are not there. */
static bool
take_digits(const char **p, size_t digits, int *ret)
{
	struct text	t = { *p, strnlen(*p, digits) };
	bool		taken = number_take_digits(&t, digits, ret);

	*p = t.base;
	return taken;
}

static bool
take_char(const char **p, const char *these)
{
	if (**p == '\0' || strchr(these, **p) == NULL)
		return false;
	(*p)++;
	return true;
}

/* Digits behind the point, as many as there are: microseconds. */
static int64_t
take_fraction(const char **p, bool *ret_cut)
{
	int64_t	micros = 0, unit = SECOND / 10;

	for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10) {
		micros += (**p - '0') * unit;
		*ret_cut |= unit == 0 && **p != '0';
	}
	return micros;
}

/* Days since 1970-01-01, by the calendar of today. */
static int64_t
days_since_1970(int year, int month, int day)
{
	static const int	before[] = { 0, 31, 59, 90, 120, 151, 181, 212,
				    243, 273, 304, 334 };
	int64_t			past = year - 1;
	bool			leap = (year % 4 == 0 && year % 100 != 0) ||
				    year % 400 == 0;

	return past * 365 + past / 4 - past / 100 + past / 400 +
	    before[month - 1] + (month > 2 && leap) + day - 1 - 719162;
}

static bool
is_day(int year, int month, int day)
{
	return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
	    days_since_1970(year, month, day) <
	    (month == 12 ? days_since_1970(year + 1, 1, 1) :
	    days_since_1970(year, month + 1, 1));
}

/* Add " HH:MM:SS.ffffff"; or nothing, which is midnight. */
static bool
take_time(const char **p, struct date *date)
{
	int	hour, minute, second;

	if (**p == '\0')
		return true;
	if (!take_char(p, " T") || !take_digits(p, 2, &hour) ||
	    !take_char(p, ":") || !take_digits(p, 2, &minute) ||
	    !take_char(p, ":") || !take_digits(p, 2, &second) ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	date->us += (hour * 3600 + minute * 60 + second) * SECOND;
	if (take_char(p, "."))
		date->us += take_fraction(p, &date->is_cut);
	return true;
}

bool
date_read(const char *p, struct date *ret)
{
	int	year, month, day;

	if (!take_digits(&p, 4, &year) || !take_char(&p, "-") ||
	    !take_digits(&p, 2, &month) || !take_char(&p, "-") ||
	    !take_digits(&p, 2, &day) || !is_day(year, month, day))
		return false;
	*ret = (struct date){ days_since_1970(year, month, day) * 86400 *
	    SECOND, false };
	return take_time(&p, ret) && *p == '\0';
}
