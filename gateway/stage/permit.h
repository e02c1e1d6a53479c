/* The stage that decides by rights; the owner decides the rest. */
#ifndef STAGE_PERMIT_H
#define STAGE_PERMIT_H

#include "gateway/core/exchange.h"

enum flow	permit_begin(struct exchange *);

/* Rights that changed since: whether they are enough, too. */
enum flow	permit_again(struct exchange *);

#endif
