/*
 * Errors as problem details (RFC 9457), for clients whose header Accept names
 * application/problem+json. All other clients get them as from Flicket.
 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include <h2o.h>
#include <stdbool.h>

#include "base/buf.h"

#define PROBLEM_TYPE	"application/problem+json"

/*
 * Whether to answer errors of this request so: Accept names the type, with a
 * quality above 0 and not below that of application/json. A range with an
 * asterisk does not name it.
 */
bool	problem_is_wanted(const h2o_req_t *);

/* Append the body. An empty message is replaced by a text for the status. */
void	problem_put(struct buf *, int status, const char *reason,
	    struct text message, struct text request_id);

#endif
