/* Header fields of requests and answers. */
#ifndef HTTP_HEADER_H
#define HTTP_HEADER_H

#include <h2o.h>
#include <stdbool.h>

#include "base/buf.h"

/* Find the first field of this name, in lower case; false: *ret is empty. */
bool		header_find(const h2o_req_t *, const char *name,
		    struct text *ret);

/*
 * The value of a field whose lines are one list (RFC 9110, 5.3), as long as the
 * request is. False, with *ret empty, if the request has no such field.
 */
bool		header_list(h2o_req_t *, const h2o_token_t *, struct text *ret);

/* How many lines a field has. */
unsigned	header_count(const h2o_req_t *, const h2o_token_t *);

/* Its value, or an empty text. */
struct text	header_value(const h2o_req_t *, const char *name);

/*
 * Whether a value can be sent: printable ASCII. A control character would begin a
 * field of its own.
 */
bool		header_is_printable(struct text value);

/*
 * Put a field into the answer; `lower` is its name in small letters, that of a
 * token where h2o has one. Both must be static, the value live as long as the
 * request: nothing is copied, as every answer has such fields.
 */
void		header_put(h2o_req_t *, const h2o_iovec_t *lower,
		    const char *name, const char *value, size_t len);

/*
 * The answer has no Content-Length, as the length of its body is not known yet.
 * In HTTP/1.0 only the end of the connection marks the end of such a body.
 */
void		header_omit_length(h2o_req_t *);

/*
 * Name a field of the request on which the answer depends, in the one field
 * Vary that the answer has.
 */
void		header_put_vary(h2o_req_t *, const char *name);

#endif
