/*
 * Errors as problem details (RFC 9457), for clients whose header Accept names
 * application/problem+json. All others get them as Flicket gives them.
 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include <h2o.h>
#include <stdbool.h>

#include "base/buf.h"

#define PROBLEM_TYPE	"application/problem+json"

/*
 * Whether errors of this request are wanted so: the type is named, with a
 * quality above 0 and no smaller than that of application/json (RFC 9110,
 * 12.5.1). A range with an asterisk does not name it.
 */
bool	problem_is_wanted(const h2o_req_t *);

/* Append the body. An error without a message has one here nonetheless. */
void	problem_put(struct buf *, int status, const char *reason,
	    struct text message, struct text request_id);

#endif
