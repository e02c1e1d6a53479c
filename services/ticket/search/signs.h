/*
 * The signs of queries as keyboards of other scripts write them: those of China
 * and Japan write wide signs and blanks, those of Arabic and Indian scripts
 * digits of their own.
 */
#ifndef SEARCH_SIGNS_H
#define SEARCH_SIGNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Append what a client wrote, with the signs that mean something in a query, and
 * all blanks, as ASCII has them. Bytes that are not UTF-8 stay.
 */
void	signs_put(struct buf *, struct text);

/* Read a whole number in digits of any script; false: it is something else. */
bool	signs_number(struct text, int64_t *ret);

#endif
