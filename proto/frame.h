/*
 * Requests and answers as bytes: msgpack arrays, one after the other in one
 * ZeroMQ message. proto/README.md describes them for other languages.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include "proto/args.h"

#define FRAME_VERSION	1
#define FRAME_ITEMS_MOST 65536	/* the frame itself, and all that is in it */
#define ANSWERS_MOST_BYTES ((size_t)64 << 20) /* of one message, to who asks */
#define REQUESTS_MOST_BYTES ((size_t)8 << 20) /* of one message, to a service */
#define AVATAR_MOST_BYTES (1 << 20)	/* of a picture, for both ends of the wire */
#define SPENT_MOST_US	INT64_C(3600000000)	/* that an answer may claim */

struct request {
	uint64_t	id;		/* the sender's, comes back as it is */
	uint64_t	op;		/* enum op_code, or one we do not know */
	int64_t		expires_ms;	/* on the receiver's clock; 0: never */
	int64_t		actor;		/* the user who asks; 0: nobody */
	int64_t		rights;		/* enum right bits of that user */
	struct text	request_id;	/* for logs */
	struct text	trace;		/* a traceparent; empty: none */
	struct args	args;
};

struct answer {
	uint64_t	id;
	enum err	error;
	int64_t		total;		/* of a list: items in all its pages */
	int64_t		tag;		/* version of what was read; 0: none */
	struct text	fragment;	/* JSON with placeholders, or nothing */
	struct args	extra;
	int64_t		spent_us;	/* by the service; 0: not said */
};

void	frame_put_request(struct buf *, const struct request *);
void	frame_put_answer(struct buf *, const struct answer *);

/*
 * Give a request that was put in a buffer of its own another id and another
 * time to expire: it is sent again, elsewhere.
 */
void	frame_readdress(struct buf *, uint64_t id, int64_t expires_ms);

/* Just the arguments, as they are kept in an outbox. */
void	frame_put_args(struct buf *, const struct args *);

/*
 * Reads frames one by one out of a message that must outlive what is read.
 * A reader is made once and used for many messages.
 */
struct frame_reader;

struct frame_reader	*frame_reader_new(void);
void	frame_reader_destroy(struct frame_reader **);
void	frame_reader_start(struct frame_reader *, const void *, size_t);

/* How many bytes of the message were not read yet. */
size_t	frame_reader_left(const struct frame_reader *);

enum frame_result {
	FRAME_ONE,	/* one was read */
	FRAME_END,	/* the message is at its end */
	FRAME_BAD	/* the rest of the message is no frame of ours */
};

/*
 * Arguments of a type that is not their key's, and those without a key, are
 * left out; whether what is needed is there is for the caller to see. A
 * request with more than ARGS_MOST arguments has args.overfull set and is
 * refused by the caller; an answer with more extras counts as INTERNAL without
 * any; frame_next_args() says FRAME_BAD.
 */
enum frame_result	frame_next_request(struct frame_reader *,
			    struct request *ret);
enum frame_result	frame_next_answer(struct frame_reader *,
			    struct answer *ret);
enum frame_result	frame_next_args(struct frame_reader *,
			    struct args *ret);

#endif
