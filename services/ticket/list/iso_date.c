/* Dates as clients write them. */
#include "services/ticket/list/iso_date.h"

#include <time.h>

#include "base/number.h"

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

/* hh:mm, hh:mm:ss, hh:mm:ss.f */
static bool
take_clock_time(struct text *t, int64_t *us)
{
	int	hour, minute, second = 0;

	if (!number_take_digits(t, 2, &hour) || take_one(t, ":") == '\0' ||
	    !number_take_digits(t, 2, &minute))
		return false;
	if (take_one(t, ":") != '\0' && (!number_take_digits(t, 2, &second) ||
	    !take_second_part(t, us)))
		return false;
	*us += ((hour * 60 + minute) * 60 + second) * INT64_C(1000000);
	return hour < 24 && minute < 60 && second < 60;
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
	    INT64_C(60000000);
	return hour < 24 && minute < 60;
}

/* timegm() makes the 3rd of March of the 31st of February; this refuses it. */
static bool
take_day(struct text *t, int64_t *us)
{
	struct tm	tm = { 0 };
	int		day, month, year;

	if (!number_take_digits(t, 4, &year) || take_one(t, "-") == '\0' ||
	    !number_take_digits(t, 2, &month) || take_one(t, "-") == '\0' ||
	    !number_take_digits(t, 2, &day))
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	*us = (int64_t)timegm(&tm) * 1000000;
	return tm.tm_mon == month - 1 && tm.tm_mday == day;
}

bool
iso_date_read(struct text t, int64_t *ret_us)
{
	*ret_us = 0;
	if (!take_day(&t, ret_us))
		return false;
	if (t.len == 0)
		return true;
	return take_one(&t, "Tt ") != '\0' && take_clock_time(&t, ret_us) &&
	    take_zone(&t, ret_us) && t.len == 0;
}
