/*
 * Bodies of errors: problem details (RFC 9457) for clients whose header Accept
 * names application/problem+json, and Flicket's form for all others. Both can
 * have members for programs: a code, the field that it is about, and all faults
 * if there are several.
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

/* One thing that is wrong with a request. Texts may be empty. */
struct fault {
	const char	*code;		/* a word of proto/faults.tbl, "" */
	struct text	 field;		/* or parameter */
	struct text	 message;	/* for people */
	struct text	 post_ids;	/* the replies that it is about, a JSON
					 * array */
	int64_t		 count;		/* of these replies */
};

/*
 * Append the body of an error with one or more faults; the first one counts
 * most. An empty message of it is replaced by a text for the status.
 */
void	problem_put(struct buf *, int status, const char *reason,
	    const struct fault *, unsigned count, struct text request_id);

/*
 * The same in Flicket's form, without a message if that is empty. for_programs:
 * with the members that Flicket has not.
 */
void	problem_put_flicket(struct buf *, const char *reason,
	    const struct fault *, unsigned count, bool for_programs);

#endif
