/*
 * The stage that asks other owners, where the route says so: one after the
 * other, what they answer being arguments of the next question. A refusal of
 * theirs is the answer to the request, unless it was carried out before.
 */
#ifndef STAGE_ASK_H
#define STAGE_ASK_H

#include "gateway/core/exchange.h"

enum flow	ask_begin(struct exchange *);
enum flow	ask_done(struct exchange *, const struct answer *);

/* Forget what was answered, but for password hashes: rights have changed. */
void		ask_forget(struct exchange *);

#endif
