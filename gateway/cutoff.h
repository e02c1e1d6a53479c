/*
 * Answers that libh2o gives by itself, before any handler: to a body that is too
 * large, or to an expectation that it does not know. They get a JSON body like
 * all others, and a client that is still sending gets the time to read it
 * (http/linger.h).
 */
#ifndef GATEWAY_CUTOFF_H
#define GATEWAY_CUTOFF_H

#include <h2o.h>

/* Install the filter. */
void	cutoff_register(h2o_pathconf_t *);

#endif
