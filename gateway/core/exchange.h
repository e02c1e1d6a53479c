/*
 * An exchange: one HTTP request on its way to its answer. It goes through
 * stages (pipeline.c), each of which has a function here.
 */
#ifndef CORE_EXCHANGE_H
#define CORE_EXCHANGE_H

#include <netinet/in.h>

#include "gateway/core/route.h"
#include "gateway/worker.h"
#include "proto/frame.h"

#define FILTERS_MOST	24

/*
 * How old what the user service said of a token may be when a write that rests
 * on it is done (docs/security.md). The writer refuses one that waited longer:
 * it is sent again if the token is still good.
 */
#define WORD_MOST_MS	2000

enum flow {
	FLOW_NEXT,	/* on to the next stage */
	FLOW_WAIT,	/* asked a service; the next stage has its answer */
	FLOW_DONE	/* answered */
};

/* A query parameter that narrows a list, as the client wrote it. */
struct filter {
	enum key	key;
	struct text	value;
};

/*
 * A question beside the one whose answer the next stage waits for: several can
 * be under way at once.
 */
#define PARTS_MOST	10
#define IDENTITY_PART	(PARTS_MOST - 1)	/* identity_check()'s */

struct copy;
struct exchange;

/* The stages, in their order. */
enum stage_id {
	STAGE_CORS, STAGE_ADMIT, STAGE_MATCH, STAGE_IDENTIFY, STAGE_IDENTIFIED,
	STAGE_LIMIT, STAGE_PERMIT, STAGE_DECODE, STAGE_ASK, STAGE_ASKED,
	STAGE_RECALLED, STAGE_UPLOAD, STAGE_CONFIRM, STAGE_CONFIRMED,
	STAGE_SEND, STAGE_SENT, STAGE_INCLUDE, STAGE_INCLUDED,
	STAGE_STILL, STAGE_HELD, STAGE_ANSWER,
	STAGE_END
};

struct stage {
	const char	*name;
	enum flow	(*enter)(struct exchange *);
};

typedef void part_answered(struct exchange *, unsigned part,
    const struct answer *);
typedef void identity_checked(struct exchange *, enum err);

struct exchange {
	h2o_req_t		*req;
	struct worker		*worker;
	struct connection	*connection;
	struct in6_addr		 client;	/* its address (proxies.h) */
	const struct stage	*stages;
	unsigned		 stage;		/* the next one, a stage_id */
	const struct route	*route;
	bool			 is_head;
	bool			 crowded;	/* too many waited already */
	bool			 answered;	/* its answer began */
	size_t			 held;		/* bytes of it, connection.h */
	size_t			 kept;		/* ... that it is made of */
	struct args		 args;		/* of the operation */
	struct filter		 filters[FILTERS_MOST];
	unsigned		 filter_count;
	int64_t			 user_id;	/* who asks; 0: nobody yet */
	int64_t			 rights;
	int64_t			 allowed;	/* the rights that were enough */
	int64_t			 word_ms;	/* when the user service said so,
						 * at least; 0: no matter */
	uint64_t		 endings;	/* tokens.h, when it was looked for */
	unsigned		 past;		/* answers in a row that were */
	const struct answer	*waiting;	/* to be sent if the token holds */
	identity_checked	*on_identity;
	unsigned char		 token_hash[32];
	unsigned char		 digest[32];	/* of the request */
	struct text		 request_id;	/* the client's, or ours */
	struct text		 trace;		/* traceparent for services */
	int64_t			 began_us;
	int64_t			 heard_us;	/* when one answered last */
	int64_t			 bus_us;	/* waited for services */
	int64_t			 spent_us;	/* ... which they worked */
	int64_t			 deadline_ms;

	unsigned		 asked;		/* how many of the route's asks */
	keyset			 passed;	/* arguments that they gave; but
						 * for hashes */
	bool			 asks_anew;	/* with other rights */
	const struct answer	*first_refusal;	/* of one of them: the request
						 * is not sent on; it may have
						 * been done before */

	/* of the service asked last; valid until its stage returns */
	const struct answer	*answer;
	int			 slot;		/* in the bus, -1: none */
	const struct copy	*copy;		/* of it, if it still holds */
	bool			 asked_before;	/* so a copy is worth its while */

	int			 part_slots[PARTS_MOST];	/* -1: none */
	part_answered		*on_part;
	struct included		*included;	/* include.c's */
	void			*stream;	/* of whoever answers in pieces */
	void			(*on_end)(struct exchange *);	/* or NULL */
};

/*
 * Begin an exchange for a request that h2o hands over whole. It goes through
 * the stages, one for each of STAGE_END, which live on.
 */
void		 exchange_start(struct worker *, h2o_req_t *,
		    const struct stage *);

/* Its answer begins, or its client left: on_end is told, if there is one. */
void		 exchange_end(struct exchange *);

/* Go on with the answer of a service; called by the bus. part -1: none. */
void		 exchange_resume(struct exchange *, int part,
		    const struct answer *);

/* Too many requests wait at the service that was asked. */
void		 exchange_crowd(struct exchange *);

/* There is time until then: it is not the client that is waited for. */
void		 exchange_extend(struct exchange *, int64_t deadline_ms);

/* Go on with this stage, and those behind it, when the one we are in returns. */
void		 exchange_go_to(struct exchange *, enum stage_id);

/* Go on with the next stage, from x->on_part. */
void		 exchange_continue(struct exchange *);

/* So many bytes of its answer are in memory now, beside x->kept. */
void		 exchange_hold(struct exchange *, size_t bytes);

/* Whether there is memory for so many more bytes of an answer. */
bool		 exchange_may_keep(const struct exchange *, size_t bytes);

/* Whether an operation hashes a password. */
bool		 exchange_is_slow(enum op_code);

/* How long an operation may take that is not as quick as others, ms; else 0. */
int64_t		 exchange_timeout(const struct exchange *, enum op_code);

/* Ask a service. FLOW_WAIT, or FLOW_NEXT with an answer that says why not. */
enum flow	 exchange_ask(struct exchange *, enum op_code,
		    const struct args *, int64_t timeout_ms);

/*
 * Ask a service beside: x->on_part is called with the answer, or at once with
 * a refusal if it cannot be asked. A part is asked one thing at a time.
 */
void		 exchange_ask_part(struct exchange *, unsigned part,
		    enum op_code, const struct args *, int64_t timeout_ms);

/* Tell a service something whose answer nobody waits for. */
void		 exchange_tell(struct exchange *, enum op_code,
		    const struct args *, int64_t timeout_ms);

/* Copy an answer so that it lives as long as the request. */
struct answer	*exchange_keep(struct exchange *, const struct answer *);

/* One that may be large; it counts in x->kept. NULL: there is no memory for it. */
struct answer	*exchange_keep_large(struct exchange *, const struct answer *);

/* --- the stages, in their order ----------------------------------------- */

enum flow	stage_admit(struct exchange *);	  /* sizes, framing */
enum flow	stage_match(struct exchange *);	  /* which route */
enum flow	stage_identify(struct exchange *); /* who asks: cache, service */
enum flow	stage_identified(struct exchange *);
enum flow	stage_limit(struct exchange *);	  /* not too often */
enum flow	stage_permit(struct exchange *);	  /* may they */
enum flow	stage_decode(struct exchange *);	  /* query and body to args */
enum flow	stage_ask(struct exchange *);	  /* another owner's word */
enum flow	stage_asked(struct exchange *);
enum flow	stage_recalled(struct exchange *); /* or was it done already */
enum flow	stage_upload(struct exchange *);	  /* a file goes ahead */
enum flow	stage_confirm(struct exchange *);  /* a write: is it so still */
enum flow	stage_confirmed(struct exchange *);
enum flow	stage_send(struct exchange *);	  /* to the owner */
enum flow	stage_sent(struct exchange *);	  /* or did that take too long */
enum flow	stage_include(struct exchange *);  /* what else was asked for */
enum flow	stage_included(struct exchange *); /* ... and their users */
enum flow	stage_still(struct exchange *);	  /* a read: is it so still */
enum flow	stage_held(struct exchange *);
enum flow	stage_answer(struct exchange *);	  /* fragment to HTTP */

/* Ways of body and answer that are more than JSON (routes.tbl, WAY). */
enum flow	upload_decode(struct exchange *); /* UPLOAD, in decode */
enum flow	upload_start(struct exchange *);  /* UPLOAD, in upload */
enum flow	picture_decode(struct exchange *); /* PICTURE, in decode */
enum flow	picture_answer(struct exchange *); /* PICTURE, in answer */
enum flow	file_answer(struct exchange *);	  /* FILE, in answer */
enum flow	export_answer(struct exchange *); /* CSV, NDJSON, in answer */

/* --- the token again (identify.c) ------------------------------------------ */

/*
 * Whether the token that a request came with is still good: says so at once if
 * the worker knows, else when the user service has answered. Before each piece
 * of an answer in pieces; x->on_part hands IDENTITY_PART to identity_part().
 */
void		identity_check(struct exchange *, identity_checked *);
void		identity_part(struct exchange *, const struct answer *);

/* --- answering, from any stage (respond.c): all return FLOW_DONE ------------ */

/* An error in JSON. message NULL: the error's own; "" : none. */
enum flow	respond_error(struct exchange *, enum err, const char *message);

/* UNAUTHORIZED, and what to come with instead. */
enum flow	respond_unauthorized(struct exchange *);

/* An error that a service answered, with its message and Retry-After. */
enum flow	respond_refusal(struct exchange *, const struct answer *);

/* A body that lives as long as the request, or static. */
enum flow	respond_body(struct exchange *, int status, const char *type,
		    struct text body);

/* A status without a body. */
enum flow	respond_status(struct exchange *, int status);

/*
 * A body made on the spot: put it into the worker's buffer, which is empty
 * and theirs until respond_buffered() gives it to the request and sends it.
 */
struct buf	*respond_buffer(struct exchange *);
enum flow	respond_buffered(struct exchange *, int status,
		    const char *type);

void		respond_header(struct exchange *, const char *name,
		    const char *value);

/* A type that a service told, for the request; some bytes if it is none. */
h2o_iovec_t	respond_type(struct exchange *, struct text told);

/* For those who answer in pieces: count and log an answer begun elsewhere. */
void		respond_count(struct exchange *, int status);

/* Append a fragment (fragment.c), what they stand for in the place of its marks. */
void		fragment_put(struct buf *, const struct exchange *,
		    struct text fragment);

/* --- include (include.c) --------------------------------------------------- */

/* Check the names in `include`; FLOW_DONE: refused. */
enum flow	include_decode(struct exchange *);

/* Append `,"included":{...}`, if anything was asked for. */
void		include_put(struct buf *, const struct exchange *);

/* The refusal of a question that include led to; NULL: there is none. */
const struct answer *include_failure(const struct exchange *);

/* The tags of all that was included, 0 if nothing was. */
uint64_t	include_tag(const struct exchange *);

/* --- links (links.c) ------------------------------------------------------ */

/*
 * Append a path below /flicket-api/, each ":name" replaced by its number,
 * with the root before it. page takes the place of ":page".
 */
void		links_put_path(struct buf *, const struct exchange *,
		    const char *path, const struct args *, int64_t page);

/* Put the same links into the header Link (RFC 8288). */
void		links_put_header(struct exchange *, int64_t total);

/* Append "_links" and "_meta" of a list, up to its items. */
void		links_put_list_head(struct buf *, const struct exchange *,
		    int64_t total);

#endif
