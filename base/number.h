/* Whole numbers from text: ASCII digits, without spaces around them. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Read all of a text as a number: digits, a sign before them or none. False,
 * with *ret as it was, if it is anything else, or out of bounds.
 */
bool	number_read(struct text, int64_t least, int64_t most, int64_t *ret);

enum number_kind {
	NUMBER_NONE,		/* the text does not begin with a digit */
	NUMBER_FITS,
	NUMBER_BEYOND		/* more than 64 bits: it is INT64_MAX instead */
};

/* Read the digits that a text begins with, and move it past them. */
enum number_kind number_take(struct text *, int64_t *ret);

/*
 * Read exactly `count` digits, up to 9, and move the text past them. False,
 * with the text as it was, if it does not begin with as many.
 */
bool	number_take_digits(struct text *, size_t count, int *ret);

#endif
