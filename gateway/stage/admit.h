/* The stage that refuses requests that are too large or framed wrongly. */
#ifndef STAGE_ADMIT_H
#define STAGE_ADMIT_H

#include "gateway/core/exchange.h"

enum flow	admit_begin(struct exchange *);

#endif
