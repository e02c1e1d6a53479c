/*
 * Answers to pages of other origins (CORS, the Fetch standard 3.2), as
 * FLICKET_CORS_ORIGINS allows them. Credentials are not involved: a token is a
 * header field that the page itself sets.
 */
#ifndef REPLY_CORS_H
#define REPLY_CORS_H

#include "gateway/core/exchange.h"

/* Put what all answers to a request have, errors too. */
void	cors_begin(const struct gateway *, h2o_req_t *);

/* Whether a request is a preflight of an origin that is allowed. */
bool	cors_is_preflight(const struct exchange *);

/* Put what a preflight asks for; methods as Allow has them. */
void	cors_put_preflight(struct exchange *, const char *methods);

#endif
