/* Dates as clients write them. */
#ifndef LIST_DATE_H
#define LIST_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Read a date as microseconds since 1970. Two forms are read:
 *
 *   - a date, or a date with a time, of ISO 8601. Without a zone it is UTC. A
 *     space may stand for the T, and for the + of a zone, as a + in a query is
 *     decoded as a space;
 *   - the dates of answers and of HTTP (RFC 9110, 5.6.7), in any case and with
 *     or without the day of the week, which must be the right one.
 *
 * A leap second, 23:59:60 of UTC, is the first second of the next day. False,
 * with *ret_us undefined, if the text is anything else.
 */
bool	date_read(struct text, int64_t *ret_us);

#endif
