/*
 * How a request is followed: its id, the trace it is part of, what it took.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "gateway/core/exchange.h"

/* Routes have their names in metrics from here on. */
void	trace_init(void);

/*
 * Give a request its id: that of the header X-Request-ID, if it is up to 64
 * letters, digits, dots, dashes and underscores, else one of ours. It is in
 * the answer, too. A traceparent (W3C Trace Context, level 1) goes on to the
 * services with a new parent id; one that is none counts as absent.
 */
void	trace_begin(struct exchange *);

/* Lines of this thread are about this request, until log_done(). */
void	trace_log_begin(const struct exchange *);

/* A service was asked and answered; what overlaps is counted once. */
void	trace_waited(struct exchange *, int64_t sent_us, int64_t heard_us);

/*
 * The id of a request, the client's or a new one, which goes into its answer;
 * for requests that h2o answers by itself, too.
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
