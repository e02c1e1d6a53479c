/*
 * By which a service knows that a request with an Idempotency-Key was sent again.
 */
#ifndef DECODE_DIGEST_H
#define DECODE_DIGEST_H

#include <jansson.h>

#include "gateway/core/exchange.h"

/* Two requests are the same if method, path and body are. */
void	digest_put_request(struct exchange *);

/*
 * A client may write the same JSON in another way when it sends a request again:
 * members in another order, other blanks, other escapes, 1.0 for 1. The body is brought
 * to one form for that.
 */
void	digest_put_meaning(struct exchange *, json_t *body);

#endif
