/*
 * Dates. Those of Flicket do not say which zone they are in (import_zone.c).
 */
#include "tools/flicketctl/data/data_date.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"
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

/* ":SS", or nothing. */
static bool
take_seconds(const char **p, int *ret, struct data_date *date)
{
	date->is_plain = take_char(p, ":");
	return !date->is_plain || take_digits(p, 2, ret);
}

/* "+01:00", "+0100", "+01" or "Z", if one follows. */
static bool
take_offset(const char **p, struct data_date *date)
{
	int	hours, minutes = 0, sign = **p == '-' ? -1 : 1;

	if (take_char(p, "Z")) {
		date->has_offset = true;
		date->is_plain = false;
		return true;
	}
	if (!take_char(p, "+-"))
		return true;
	if (!take_digits(p, 2, &hours))
		return false;
	if ((take_char(p, ":") || **p != '\0') &&
	    !take_digits(p, 2, &minutes))
		return false;
	date->has_offset = true;
	date->is_plain = false;
	date->us -= sign * SECOND * (hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

/* Add " HH:MM:SS.ffffff"; or nothing, which is midnight. */
static bool
take_time(const char **p, struct data_date *date)
{
	int	hour, minute, second = 0;

	if (**p == '\0')
		return true;
	if (!take_char(p, " T") || !take_digits(p, 2, &hour) ||
	    !take_char(p, ":") || !take_digits(p, 2, &minute) ||
	    !take_seconds(p, &second, date) || hour > 23 || minute > 59 || second > 59)
		return false;
	date->us += (hour * 3600 + minute * 60 + second) * SECOND;
	if (take_char(p, "."))
		date->us += take_fraction(p, &date->is_cut);
	return take_offset(p, date);
}

bool
data_date_read(const char *p, struct data_date *ret)
{
	int	year, month, day;

	if (!take_digits(&p, 4, &year) || !take_char(&p, "-") ||
	    !take_digits(&p, 2, &month) || !take_char(&p, "-") ||
	    !take_digits(&p, 2, &day) || !is_day(year, month, day))
		return false;
	*ret = (struct data_date){ .us = days_since_1970(year, month, day) * 86400 *
	    SECOND, .is_plain = true };
	return take_time(&p, ret) && *p == '\0';
}
