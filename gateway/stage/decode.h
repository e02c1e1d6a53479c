/*
 * The stage that makes arguments of query, body and header fields. What an
 * operation takes is in its row of ops.tbl; a list takes it from the query, all
 * else from the body. Values that do not fit their key's type are refused here,
 * as are those that are out of bounds and would be stored.
 */
#ifndef STAGE_DECODE_H
#define STAGE_DECODE_H

#include "gateway/core/exchange.h"

enum flow	decode_begin(struct exchange *);

#endif
