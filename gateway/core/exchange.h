/*
 * An exchange: one HTTP request until it is answered. The engine takes it
 * through the stages of a table, which gateway/pipeline.c has.
 */
#ifndef CORE_EXCHANGE_H
#define CORE_EXCHANGE_H

#include <netinet/in.h>

#include "gateway/core/route.h"
#include "gateway/worker.h"
#include "proto/frame.h"

#define FILTERS_MOST	24

enum flow {
	FLOW_NEXT,	/* go on with the next stage */
	FLOW_WAIT,	/* a service was asked: `done` gets its answer */
	FLOW_DONE	/* the request is answered, or about to be */
};

/* The stages, in their order. */
enum stage_id {
	STAGE_CORS, STAGE_ADMIT, STAGE_MATCH, STAGE_IDENTIFY, STAGE_LIMIT,
	STAGE_PERMIT, STAGE_DECODE, STAGE_ASK, STAGE_UPLOAD, STAGE_CONFIRM,
	STAGE_SEND, STAGE_INCLUDE, STAGE_RECHECK, STAGE_ANSWER,
	STAGE_END
};

struct exchange;

/*
 * `begin` enters the stage. `done` runs only after a question was asked, with
 * the answer that came, and again if it returns FLOW_WAIT itself; NULL: on to
 * the next stage. The answer is valid until the stages that follow at once
 * return FLOW_WAIT; exchange_keep() makes it last. It is NULL if the stage asked
 * parts (exchange_ask_part()): their answers went to x->on_part.
 */
struct stage {
	const char	*name;
	enum flow	(*begin)(struct exchange *);
	enum flow	(*done)(struct exchange *, const struct answer *);
	unsigned	 leads_to;	/* stages that may follow instead of the
					 * next one, a bit each */
};

/* A query parameter that narrows a list, as the client wrote it. */
struct filter {
	enum key	key;
	struct text	value;
};

/* Parts: questions beside `slot`, several of which can be under way at once. */
#define PARTS_MOST	10
#define IDENTITY_PART	(PARTS_MOST - 1)	/* identity_check()'s */

typedef void part_answered(struct exchange *, unsigned part,
    const struct answer *);
typedef void identity_checked(struct exchange *, enum err);

struct cached_response;
struct download;
struct export;
struct faults;
struct included;
struct response_key;
struct upload;

/* The token that the request came with, for core/identity.c. */
struct identity {
	unsigned char		 token_hash[32];
	uint64_t		 endings;	/* tokens_endings() when it was
						 * looked up */
	unsigned		 outdated;	/* answers in a row that were
						 * older than a revocation */
	int64_t			 permitted;	/* rights that were enough */
	int64_t			 confirmed_ms;	/* a write rests on what the
						 * user service said then or
						 * later; 0: not needed */
	identity_checked	*on_checked;
	bool			 had_cookie;	/* the token came in it */
};

/*
 * How old what the user service said of a token may be when a write that rests
 * on it is done (docs/security.md). The writer refuses one that waited longer:
 * it is sent again if the token is still good.
 */
#define IDENTITY_CONFIRMED_MOST_MS	2000

/* What other owners said before the operation, for stage/ask.c. */
struct asked {
	unsigned		 count;		/* of the route's asks */
	keyset			 passed;	/* arguments that they gave, but
						 * for password hashes */
	bool			 anew;		/* with other rights than at
						 * first */
	const struct answer	*refusal;	/* NULL, or the first one: the
						 * request is not sent. It may
						 * have been done before. */
};

/* Where the time went, for core/trace.c. Microseconds of clock_us(). */
struct timing {
	int64_t			 began_us;
	int64_t			 heard_us;	/* a service answered last */
	int64_t			 bus_us;	/* waited for services */
	int64_t			 spent_us;	/* ... which they worked */
};

struct exchange {
	/* the engine's */
	const struct stage	*stages;
	enum stage_id		 stage;		/* the one that it is in */
	enum stage_id		 next;		/* the one that follows */
	int			 slot;		/* of its question in the bus;
						 * -1: none is under way */
	int			 part_slots[PARTS_MOST];	/* the same */
	part_answered		*on_part;
	void			(*on_end)(struct exchange *);	/* or NULL */
	int64_t			 deadline_ms;	/* of the next question, on clock_ms() */
	bool			 answered;	/* its answer began */
	bool			 crowded;	/* refused, as too many waited already */
	size_t			 held;		/* bytes of its answer, connection.h */
	size_t			 kept;		/* bytes of answers that it is made of */

	/* the request */
	h2o_req_t		*req;
	struct worker		*worker;
	struct connection	*connection;
	struct in6_addr		 client;	/* its address (proxies.h) */
	struct text		 request_id;	/* the client's, or ours */
	struct text		 trace;		/* traceparent for services */
	bool			 is_head;
	const struct route	*route;
	int64_t			 user_id;	/* of the user who asks; 0: not known
						 * yet */
	int64_t			 rights;
	struct args		 args;		/* of the operation */
	struct filter		 filters[FILTERS_MOST];
	unsigned		 filter_count;
	unsigned		 view_count;	/* as many views were given */

	/* what its owner answered, or why it was not sent */
	const struct answer	*answer;
	const struct cached_response *cached;	/* sent if its owner says that
						 * nothing has changed */
	struct response_key	*response_key;	/* to cache it by; NULL: it is
						 * not to be cached */

	struct faults		*faults;	/* reply/fault.h; NULL: none */

	/* of single stages and files */
	struct identity		 identity;
	struct asked		 asked;
	struct timing		 timing;
	struct included		*included;	/* NULL: nothing is to be included */
	struct upload		*upload;
	struct download		*download;
	struct export		*export;
};

/*
 * Begin an exchange for a request that h2o hands over whole. The table has
 * STAGE_END rows and is static. The exchange is freed with the request.
 */
void		 exchange_start(struct worker *, h2o_req_t *,
		    const struct stage *);

/* The answer begins, or the client left: call on_end, if there is one. */
void		 exchange_end(struct exchange *);

/* Go on with the answer of a service; called by the bus. part -1: the stage's own question. */
void		 exchange_resume(struct exchange *, int part,
		    const struct answer *);

/* Too many requests wait at the service that was asked; called by the bus. */
void		 exchange_crowd(struct exchange *);

/*
 * Have until then, if that is later: a service restarts or loads; called by the
 * bus.
 */
void		 exchange_extend(struct exchange *, int64_t deadline_ms);

/* Go on with `done` of the stage, without an answer; called from x->on_part. */
void		 exchange_continue(struct exchange *);

/*
 * Have this stage follow instead of the next one when the stage returns
 * FLOW_NEXT. The stage's row must say that it leads there.
 */
void		 exchange_go_to(struct exchange *, enum stage_id);

/* So many bytes of its answer are in memory from here on, beside x->kept. */
void		 exchange_hold(struct exchange *, size_t bytes);

/* Whether an operation hashes a password. */
bool		 exchange_is_slow(enum op_code);

/* How long an operation may take that is slower than others, ms; else 0. */
int64_t		 exchange_timeout(const struct exchange *, enum op_code);

/* What follows has FLICKET_REQUEST_TIMEOUT_MS again. */
void		 exchange_renew_deadline(struct exchange *);

/*
 * Ask a service, and return what this returns. timeout_ms 0: until
 * x->deadline_ms. If the service cannot be asked, `done` of the stage is called
 * at once, with UNAVAILABLE.
 */
enum flow	 exchange_ask(struct exchange *, enum op_code,
		    const struct args *, int64_t timeout_ms);

/*
 * Ask a service as a part: x->on_part is called with the answer, or at once
 * with UNAVAILABLE if the service cannot be asked. A part has one question at a
 * time.
 */
void		 exchange_ask_part(struct exchange *, unsigned part,
		    enum op_code, const struct args *, int64_t timeout_ms);

/* Tell a service something without waiting for its answer. */
void		 exchange_tell(struct exchange *, enum op_code,
		    const struct args *, int64_t timeout_ms);

/* Copy an answer so that it is valid as long as the request. */
struct answer	*exchange_keep(struct exchange *, const struct answer *);

/* The same for a large one, counted in x->kept. NULL: there is no memory for it. */
struct answer	*exchange_keep_large(struct exchange *, const struct answer *);

#endif
