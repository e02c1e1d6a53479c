/* Whole numbers from text. */
#include "base/number.h"

static bool
begins_with_digit(const struct text *t)
{
	return t->len > 0 && t->base[0] >= '0' && t->base[0] <= '9';
}

static void
skip_byte(struct text *t)
{
	t->base++;
	t->len--;
}

/* False if there are more than 64 bits; all digits are skipped in any case. */
static bool
take_unsigned(struct text *t, uint64_t *ret)
{
	bool	fits = true;

	for (*ret = 0; begins_with_digit(t); skip_byte(t))
		fits = fits && !__builtin_mul_overflow(*ret, 10, ret) &&
		    !__builtin_add_overflow(*ret, (uint64_t)(t->base[0] - '0'),
		    ret);
	return fits;
}

bool
number_read(struct text t, int64_t least, int64_t most, int64_t *ret)
{
	bool		negative = t.len > 0 && t.base[0] == '-';
	uint64_t	magnitude;
	int64_t		n;

	if (t.len > 0 && (t.base[0] == '-' || t.base[0] == '+'))
		skip_byte(&t);
	if (!begins_with_digit(&t) || !take_unsigned(&t, &magnitude) ||
	    t.len > 0 || magnitude > (uint64_t)INT64_MAX + negative)
		return false;
	n = (int64_t)(negative ? 0 - magnitude : magnitude);
	if (n < least || n > most)
		return false;
	*ret = n;
	return true;
}

enum number_kind
number_take(struct text *t, int64_t *ret)
{
	uint64_t	n;

	if (!begins_with_digit(t))
		return NUMBER_NONE;
	if (take_unsigned(t, &n) && n <= INT64_MAX) {
		*ret = (int64_t)n;
		return NUMBER_FITS;
	}
	*ret = INT64_MAX;
	return NUMBER_BEYOND;
}

bool
number_take_digits(struct text *t, size_t count, int *ret)
{
	struct text	left = *t;
	int		n = 0;

	for (size_t i = 0; i < count; i++, skip_byte(&left)) {
		if (!begins_with_digit(&left))
			return false;
		n = n * 10 + (left.base[0] - '0');
	}
	*t = left;
	*ret = n;
	return true;
}
