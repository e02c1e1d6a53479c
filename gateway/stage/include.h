/*
 * The stage of `include=`: what belongs to the things that were asked for, in the
 * same answer. All of it is asked for at once, in bulk: one question for each
 * kind, however many things there are; then the users of all that, as only
 * then it is known who they are.
 */
#ifndef STAGE_INCLUDE_H
#define STAGE_INCLUDE_H

#include "gateway/core/exchange.h"

/* Check the names in `include`; FLOW_DONE: refused. */
enum flow	include_decode(struct exchange *);

enum flow	include_begin(struct exchange *);
enum flow	include_done(struct exchange *, const struct answer *);

/* Append `,"included":{...}`, if anything was asked for. */
void		include_put(struct buf *, const struct exchange *);

/* The error of a question for what is included, or NULL. */
const struct answer *include_failure(const struct exchange *);

/* A tag over all that was included, 0 if nothing was. */
uint64_t	include_tag(const struct exchange *);

#endif
