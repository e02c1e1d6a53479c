/*
 * Requests of clients as the gateway's room "decode" sees them: a route, and
 * the input as query or as body.
 */
#ifndef FUZZ_DECODE_H
#define FUZZ_DECODE_H

#include "fuzz.h"

/* Begin once, with the routes that a predicate takes. */
struct route;
void	decode_start(bool (*takes)(const struct route *));

/* Decode the input for the route that its first byte names. */
void	decode_input(struct input *, bool as_query);

#endif
