/* Dates as clients write them. */
#ifndef LIST_ISO_DATE_H
#define LIST_ISO_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Read a date, or a date with a time, of ISO 8601, as microseconds since 1970.
 * Without a zone it is UTC. A space may stand for the T, and for the + of a
 * zone, as a + in a query is decoded as a space.
 */
bool	iso_date_read(struct text, int64_t *ret_us);

#endif
