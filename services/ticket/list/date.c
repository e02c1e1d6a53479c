/* Dates as clients write them. */
#include "services/ticket/list/date.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/number.h"

#define SECOND_US	INT64_C(1000000)
#define DAY_US		(INT64_C(86400) * SECOND_US)

/* --- ISO 8601 ------------------------------------------------------------ */

/* Take a character if it is one of these; else 0. */
static char
take_one(struct text *t, const char *of)
{
	char	c;

	if (t->len == 0 || t->base[0] == '\0' ||
	    strchr(of, t->base[0]) == NULL)
		return '\0';
	c = t->base[0];
	t->base++;
	t->len--;
	return c;
}

/* Digits after the point; those beyond microseconds are cut off. */
static bool
take_second_part(struct text *t, int64_t *us)
{
	int64_t	weight = 100000;
	int	digit;

	if (take_one(t, ".,") == '\0')
		return true;
	if (!number_take_digits(t, 1, &digit))
		return false;
	do {
		*us += digit * weight;
		weight /= 10;
	} while (number_take_digits(t, 1, &digit));
	return true;
}

/* hh:mm, hh:mm:ss, hh:mm:ss.f; ret_leap: whether the seconds are 60 */
static bool
take_clock_time(struct text *t, int64_t *us, bool *ret_leap)
{
	int	hour, minute, second = 0;

	if (!number_take_digits(t, 2, &hour) || take_one(t, ":") == '\0' ||
	    !number_take_digits(t, 2, &minute))
		return false;
	if (take_one(t, ":") != '\0' && (!number_take_digits(t, 2, &second) ||
	    !take_second_part(t, us)))
		return false;
	*us += ((hour * 60 + minute) * 60 + second) * SECOND_US;
	*ret_leap = second == 60;
	return hour < 24 && minute < 60 && second <= 60;
}

/* Leap seconds are at the end of a day in UTC. */
static bool
begins_a_day(int64_t us)
{
	int64_t	into_day = us % DAY_US;

	return (into_day < 0 ? into_day + DAY_US : into_day) < SECOND_US;
}

/* Z, +hh, +hhmm, +hh:mm, or nothing */
static bool
take_zone(struct text *t, int64_t *us)
{
	int	hour, minute = 0;
	char	sign;

	if (t->len == 0 || take_one(t, "Zz") != '\0')
		return true;
	sign = take_one(t, "+- ");
	if (sign == '\0' || !number_take_digits(t, 2, &hour))
		return false;
	if (t->len > 0) {
		take_one(t, ":");
		if (!number_take_digits(t, 2, &minute))
			return false;
	}
	*us += (sign == '-' ? 1 : -1) * (int64_t)(hour * 60 + minute) *
	    60 * SECOND_US;
	return hour < 24 && minute < 60;
}

/*
 * The first microsecond of a day. timegm() makes the 3rd of March of the 31st of
 * February; this refuses it.
 */
static bool
day_begins(int year, int month, int day, struct tm *tm, int64_t *ret_us)
{
	*tm = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1,
	    .tm_mday = day };
	*ret_us = (int64_t)timegm(tm) * SECOND_US;
	return tm->tm_mon == month - 1 && tm->tm_mday == day;
}

/* yyyy-mm-dd */
static bool
take_iso_day(struct text *t, int64_t *us)
{
	struct tm	tm;
	int		day, month, year;

	return number_take_digits(t, 4, &year) && take_one(t, "-") != '\0' &&
	    number_take_digits(t, 2, &month) && take_one(t, "-") != '\0' &&
	    number_take_digits(t, 2, &day) &&
	    day_begins(year, month, day, &tm, us);
}

static bool
read_iso(struct text t, int64_t *us)
{
	bool	leap;

	if (!take_iso_day(&t, us))
		return false;
	if (t.len == 0)
		return true;
	return take_one(&t, "Tt ") != '\0' && take_clock_time(&t, us, &leap) &&
	    take_zone(&t, us) && t.len == 0 && (!leap || begins_a_day(*us));
}

/* --- RFC 9110: Mon, 23 Nov 2026 21:10:00 GMT ----------------------------- */

/* Take one of several names of three letters each, in any case: its index. */
static bool
take_name(struct text *t, const char *names, int *ret)
{
	for (size_t i = 0; t->len >= 3 && names[3 * i] != '\0'; i++)
		if (strncasecmp(t->base, names + 3 * i, 3) == 0) {
			t->base += 3;
			t->len -= 3;
			*ret = (int)i;
			return true;
		}
	return false;
}

/* dd Mmm yyyy */
static bool
take_http_day(struct text *t, struct tm *tm, int64_t *us)
{
	int	day, month, year;

	return number_take_digits(t, 2, &day) && take_one(t, " ") != '\0' &&
	    take_name(t, "JanFebMarAprMayJunJulAugSepOctNovDec", &month) &&
	    take_one(t, " ") != '\0' && number_take_digits(t, 4, &year) &&
	    day_begins(year, month + 1, day, tm, us);
}

static bool
read_http(struct text t, int64_t *us)
{
	struct tm	tm;
	int		weekday = -1, zone;
	bool		leap;

	if (take_name(&t, "SunMonTueWedThuFriSat", &weekday) &&
	    (take_one(&t, ",") == '\0' || take_one(&t, " ") == '\0'))
		return false;
	return take_http_day(&t, &tm, us) &&
	    (weekday == -1 || weekday == tm.tm_wday) &&
	    take_one(&t, " ") != '\0' && take_clock_time(&t, us, &leap) &&
	    take_one(&t, " ") != '\0' && take_name(&t, "GMTUTC", &zone) &&
	    t.len == 0 && (!leap || begins_a_day(*us));
}

/* --- both ---------------------------------------------------------------- */

bool
date_read(struct text t, int64_t *ret_us)
{
	*ret_us = 0;
	return read_iso(t, ret_us) || read_http(t, ret_us);
}
