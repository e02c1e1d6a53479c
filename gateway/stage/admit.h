/* The stage that refuses what is too large or framed wrongly. */
#ifndef STAGE_ADMIT_H
#define STAGE_ADMIT_H

#include "gateway/core/exchange.h"

enum flow	admit_begin(struct exchange *);

#endif
