/* Bodies of JSON, as clients write them. */
#ifndef DECODE_JSON_BODY_H
#define DECODE_JSON_BODY_H

#include <jansson.h>
#include <stdbool.h>

#include "gateway/core/exchange.h"

/*
 * Read a body with jansson's flags; a byte order mark before it is left out. A
 * number that has more than 64 bits becomes an empty array, so it is no fault in a
 * field that is ignored. *ret_beyond: there is one, and *error says where. Returns NULL with *error for what is not JSON. The caller
 * has the reference.
 */
json_t	*json_body_read(struct text body, size_t flags, json_error_t *error,
	    bool *ret_beyond);

/* Write whole numbers in one way: 1.0 and 1e0 become 1. */
void		json_body_unify(json_t *body);

/* Whether Content-Type says that the body is JSON; without one it is. */
bool		json_body_is_typed(const h2o_req_t *);

/*
 * Refuse a body that has a coding: such a one cannot be read. FLOW_NEXT, or what
 * the refusal returned.
 */
enum flow	json_body_check_coding(struct exchange *);

/*
 * Refuse what json_body_read() found to be no JSON, with the position and
 * without the text there, which may be a password.
 */
enum flow	json_body_refuse(struct exchange *, json_error_t *);

#endif
