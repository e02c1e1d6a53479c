/*
 * Answers to requests whose bodies are not read. Those that h2o gives itself,
 * before any handler, to a body that is cut off or an expectation it does not
 * know, get a JSON body like all others. A client that is still sending gets
 * the time to read its answer.
 */
#ifndef GATEWAY_CUTOFF_H
#define GATEWAY_CUTOFF_H

#include <h2o.h>

/* Install the filter. */
void	cutoff_register(h2o_pathconf_t *);

/*
 * A body may be coming of this request of HTTP/1 that is about to be answered,
 * as the last one of its connection: let its client read that.
 */
void	cutoff_linger(h2o_req_t *);

#endif
