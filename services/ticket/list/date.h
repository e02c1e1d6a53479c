/* Dates as clients write them. */
#ifndef LIST_DATE_H
#define LIST_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * A date or a date with a time, ISO 8601, to microseconds since 1970: UTC
 * where it names no zone. A space may stand for the T, and for the + of a
 * zone, as that is what a + in a query becomes.
 */
bool	date_read(struct text, int64_t *ret_us);

#endif
