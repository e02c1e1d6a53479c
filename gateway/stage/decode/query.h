/*
 * The parameters of a query as arguments. Flicket's own lists ignore most of what
 * is wrong; those with the input STRICT (routes.tbl) refuse it.
 */
#ifndef DECODE_QUERY_H
#define DECODE_QUERY_H

#include "gateway/core/exchange.h"

/* The request has a query. */
enum flow	query_decode(struct exchange *);

/*
 * Read an integer as Python's int() does: space around it, a sign, single
 * underscores between digits. Beyond 64 bits it is INT64_MAX or INT64_MIN.
 * False: it is not an integer.
 */
bool		query_integer(struct text, int64_t *ret);

#endif
