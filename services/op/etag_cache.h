/*
 * Tags of answers that clients have. A request with If-None-Match is told that
 * its tag still holds without a row being read, when the same question was
 * answered with that tag and nothing has been committed to the store since.
 *
 * An answer depends on the operation, on all arguments (ACTOR and RIGHTS say
 * who asks), and on the version of the store; and on the time, when one of its
 * statements has NOW: such an answer is not remembered. An answer with a VARIANT
 * is always sent: the gateway compares its whole tag.
 */
#ifndef OP_ETAG_CACHE_H
#define OP_ETAG_CACHE_H

#include "services/op/op.h"

/* Of one session; a fixed size, in which new questions replace old ones. */
struct etag_cache	*etag_cache_new(void);
void			 etag_cache_destroy(struct etag_cache **);

/*
 * Answer a READ that has IF_NONE_MATCH: with its tag and an empty fragment if
 * the client has the answer, with what `run` makes of it otherwise.
 */
enum err		 etag_cache_run(struct call *, op_run *run);

#endif
