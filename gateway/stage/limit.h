/* The stage that bounds how often a token may ask (FLICKET_RATE_LIMIT). */
#ifndef STAGE_LIMIT_H
#define STAGE_LIMIT_H

#include "gateway/core/exchange.h"

enum flow	limit_begin(struct exchange *);

#endif
