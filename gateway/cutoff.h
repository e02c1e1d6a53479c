/*
 * Answers that h2o gives itself, before any handler: a body that is cut off,
 * an expectation it does not know. They get a JSON body like all others, and
 * a client that is still sending gets the time to read it.
 */
#ifndef GATEWAY_CUTOFF_H
#define GATEWAY_CUTOFF_H

#include <h2o.h>

/* Install the filter. */
void	cutoff_register(h2o_pathconf_t *);

#endif
