/*
 * Answers that any stage can give. Functions with a flow return FLOW_DONE; what
 * they are given is copied unless they say otherwise.
 */
#ifndef REPLY_RESPOND_H
#define REPLY_RESPOND_H

#include "gateway/core/exchange.h"
#include "gateway/http/problem.h"

/* Bytes: a larger buffered body is not copied, the request gets the buffer. */
#define RESPOND_COPIED_MOST	16384

/* An error. message NULL: the error's own; "": without one. */
enum flow	respond_error(struct exchange *, enum err, const char *message);

/* An error whose message is made as by printf(), up to 511 bytes. */
enum flow	respond_errorf(struct exchange *, enum err, const char *format,
		    ...) __attribute__((format(printf, 3, 4)));

/* The same with a more exact code than the error's own. */
enum flow	respond_code(struct exchange *, enum err, enum fault_code,
		    const char *message);

/* An error with one or more faults, the one that counts most first. */
enum flow	respond_faults(struct exchange *, enum err,
		    const struct fault *, unsigned count);

/* UNAUTHORIZED, and which credentials are asked for. */
enum flow	respond_unauthorized(struct exchange *);

/* An error that a service answered, with its message and Retry-After. */
enum flow	respond_refusal(struct exchange *, const struct answer *);

/* A body, not copied: it must be static or live as long as the request. */
enum flow	respond_body(struct exchange *, int status, const char *type,
		    struct text body);

/* The same with a coding that is decided already (compress_is_wanted()). */
enum flow	respond_coded(struct exchange *, int status, const char *type,
		    struct text body, bool is_gzip);

/* A status without a body; a 304, as of an answer that could be compressed. */
enum flow	respond_status(struct exchange *, int status);

/*
 * A body that is made for this answer: put it into the worker's buffer, which is
 * empty, and the caller's until respond_buffered() gives it to the request and
 * sends it.
 */
struct buf	*respond_buffer(struct exchange *);
enum flow	respond_buffered(struct exchange *, int status,
		    const char *type);

/* Add a header field to the answer. */
void		respond_header(struct exchange *, const char *name,
		    const char *value);

/*
 * The media type that a service gave, in the request's pool;
 * application/octet-stream if it has control characters or is empty.
 */
h2o_iovec_t	respond_type(struct exchange *, struct text type);

/*
 * For answers in pieces, which h2o is given elsewhere: the answer begins with
 * this status, and is counted.
 */
void		respond_begin(struct exchange *, int status);

#endif
