/*
 * Requests and answers as bytes: msgpack arrays, one after the other in one
 * ZeroMQ message. proto/README.md describes them for other languages.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include "proto/args.h"

#define FRAME_VERSION	1
#define FRAME_ITEMS_MOST 65536	/* the frame itself, and all that is in it */
#define ANSWERS_MOST_BYTES ((size_t)64 << 20) /* of one message, to an asker */
#define REQUESTS_MOST_BYTES ((size_t)8 << 20) /* of one message, to a service */
#define AVATAR_MOST_BYTES (1 << 20)	/* of a picture, for both ends of the wire */
#define SPENT_MOST_US	INT64_C(3600000000)	/* that an answer may claim */

struct request {
	uint64_t	id;		/* the sender's; the answer has it */
	uint64_t	op;		/* enum op_code, or one we do not know */
	int64_t		expires_ms;	/* on the receiver's clock; 0: never */
	int64_t		actor;		/* the user who asks; 0: no user */
	int64_t		rights;		/* enum right bits of that user */
	struct text	request_id;	/* for logs */
	struct text	trace;		/* a traceparent; empty: none */
	struct args	args;
};

struct answer {
	uint64_t	id;
	enum err	error;
	int64_t		total;		/* of a list: items in all its pages */
	int64_t		tag;		/* of the version that was read; 0: none */
	struct text	fragment;	/* JSON with placeholders, or nothing */
	struct args	extra;
	int64_t		spent_us;	/* by the service; 0: not told */
};

void	frame_put_request(struct buf *, const struct request *);
void	frame_put_answer(struct buf *, const struct answer *);

/*
 * Give a request another id and another time to expire, so that it can be sent
 * to another process. The buffer must hold this request and nothing else.
 */
void	frame_readdress(struct buf *, uint64_t id, int64_t expires_ms);

/* Append arguments alone, as the outbox keeps them. */
void	frame_put_args(struct buf *, const struct args *);

/*
 * Reads frames one by one out of a message. Texts of frames point into the
 * message, which must outlive them. A reader is made once and used for many
 * messages.
 */
struct frame_reader;

struct frame_reader	*frame_reader_new(void);
void	frame_reader_destroy(struct frame_reader **);
void	frame_reader_start(struct frame_reader *, const void *, size_t);

/* The bytes of the message that are still to be read. */
size_t	frame_reader_left(const struct frame_reader *);

enum frame_result {
	FRAME_ONE,	/* a frame was read */
	FRAME_END,	/* the message is at its end */
	FRAME_BAD	/* the rest of the message is not a frame of ours */
};

/*
 * Arguments whose key is not known, or whose type is not their key's, are left
 * out. The caller checks that those it needs are there. If there are more than
 * ARGS_MOST, a request has args.overfull set, and the caller is to refuse it;
 * an answer becomes INTERNAL without extras; frame_next_args() returns
 * FRAME_BAD.
 */
enum frame_result	frame_next_request(struct frame_reader *,
			    struct request *ret);
enum frame_result	frame_next_answer(struct frame_reader *,
			    struct answer *ret);
enum frame_result	frame_next_args(struct frame_reader *,
			    struct args *ret);

#endif
