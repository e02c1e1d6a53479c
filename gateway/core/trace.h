/* Tracing of requests: ids, trace contexts, times, the access log. */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "gateway/core/exchange.h"

/* Give the routes their names in metrics; after routes_init(). */
void	trace_init(void);

/*
 * Give a request its id, and note when it began. A traceparent (W3C Trace
 * Context, level 1) goes on to the services with a new parent id; one that is
 * not valid counts as absent.
 */
void	trace_begin(struct exchange *);

/* Log lines of this thread belong to this request, until log_done(). */
void	trace_log_begin(const struct exchange *);

/* A service answered. Times that overlap are counted once. */
void	trace_waited(struct exchange *, int64_t sent_us, int64_t heard_us);

/*
 * The id of a request: that of the header X-Request-ID, if it is up to 64
 * letters, digits, dots, dashes and underscores, else a new one. It is put into
 * the answer. For requests that h2o answers by itself, too.
 */
struct text	trace_take_id(struct worker *, h2o_req_t *);

/*
 * The header Server-Timing, for requests with "X-Server-Timing: 1": the
 * milliseconds in the gateway, on the bus, and in services.
 */
void	trace_put_timing(struct exchange *);

/* The answer is out: count and log it. */
void	trace_end(struct exchange *);

#endif
