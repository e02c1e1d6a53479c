/*
 * The members of a JSON body as arguments. What does not fit a key's type is
 * refused, and what is out of bounds and would be stored.
 */
#ifndef DECODE_MEMBERS_H
#define DECODE_MEMBERS_H

#include "gateway/core/exchange.h"

/* Take those that the route lets a client give. */
enum flow	members_decode(struct exchange *);

#endif
