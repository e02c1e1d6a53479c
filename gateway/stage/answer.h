/* The last stage: a service's answer as HTTP. */
#ifndef STAGE_ANSWER_H
#define STAGE_ANSWER_H

#include "gateway/core/exchange.h"

enum flow	answer_begin(struct exchange *);

#endif
