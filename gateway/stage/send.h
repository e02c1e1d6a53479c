/* The stage that has the operation carried out by its owner. */
#ifndef STAGE_SEND_H
#define STAGE_SEND_H

#include "gateway/core/exchange.h"

enum flow	send_begin(struct exchange *);
enum flow	send_done(struct exchange *, const struct answer *);

#endif
