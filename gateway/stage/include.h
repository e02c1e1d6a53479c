/*
 * The stage of `include=`, which adds things that belong to those asked for.
 * They are asked for at once, in bulk: one question for each kind, however many
 * things there are; then the users of all of them, whose ids are known only then.
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

/* The first error of the questions, or NULL. */
const struct answer *include_failure(const struct exchange *);

/* A tag over all that was included, 0 if nothing was. */
uint64_t	include_tag(const struct exchange *);

#endif
