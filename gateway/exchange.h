/*
 * An exchange: one HTTP request on its way to its answer. It goes through
 * rooms (request.c), each of which has a function here.
 */
#ifndef GATEWAY_EXCHANGE_H
#define GATEWAY_EXCHANGE_H

#include "proto/frame.h"
#include "route.h"
#include "state.h"

#define FILTERS_MOST	8

enum flow {
	FLOW_NEXT,	/* on to the next room */
	FLOW_WAIT,	/* asked a service; the next room has its answer */
	FLOW_DONE	/* answered */
};

/* A query parameter that narrows a list, as the client wrote it. */
struct filter {
	enum key	key;
	struct text	value;
};

struct exchange {
	h2o_req_t		*req;
	struct worker		*worker;
	unsigned		 room;		/* index into the rooms */
	const struct route	*route;
	bool			 is_head;
	struct args		 args;		/* of the operation */
	struct filter		 filters[FILTERS_MOST];
	unsigned		 filter_count;
	int64_t			 user_id;	/* who asks; 0: nobody yet */
	int64_t			 rights;
	unsigned char		 token_hash[32];
	char			 request_id[24];
	size_t			 request_id_len;
	int64_t			 deadline_ms;

	/* of the service asked last; valid until its room returns */
	const struct answer	*answer;
	int			 slot;		/* in the bus, -1: none */
	struct answer		 refusal;	/* an answer of the bus itself */
};

/* Begin an exchange for a request that h2o hands over whole. */
void		 exchange_start(struct worker *, h2o_req_t *);

/* Go on with the answer of a service; called by the bus. */
void		 exchange_resume(struct exchange *, const struct answer *);

/* Ask a service. FLOW_WAIT, or FLOW_NEXT with an answer that says why not. */
enum flow	 exchange_ask(struct exchange *, enum op_code,
		    const struct args *, int64_t timeout_ms);

/* --- the rooms, in their order ------------------------------------------ */

enum flow	room_admit(struct exchange *);	  /* sizes, framing */
enum flow	room_match(struct exchange *);	  /* which route */
enum flow	room_identify(struct exchange *); /* who asks: cache, service */
enum flow	room_identified(struct exchange *);
enum flow	room_permit(struct exchange *);	  /* may they */
enum flow	room_decode(struct exchange *);	  /* query and body to args */
enum flow	room_ask(struct exchange *);	  /* another owner's word */
enum flow	room_asked(struct exchange *);
enum flow	room_send(struct exchange *);	  /* to the owner */
enum flow	room_answer(struct exchange *);	  /* fragment to HTTP */

/* --- answering, from any room (answer.c): all return FLOW_DONE ------------ */

/* An error in JSON. message NULL: the error's own; "" : none. */
enum flow	answer_error(struct exchange *, enum err, const char *message);

/* An error that a service answered, with its message and Retry-After. */
enum flow	answer_refusal(struct exchange *, const struct answer *);

/* A body that lives as long as the request, or static. */
enum flow	answer_body(struct exchange *, int status, const char *type,
		    struct text body);

/*
 * A body made on the spot: put it into the worker's buffer, which is empty
 * and theirs until answer_buffered() copies it to the request and sends it.
 */
struct buf	*answer_buffer(struct exchange *);
enum flow	answer_buffered(struct exchange *, int status,
		    const char *type);

void		answer_header(struct exchange *, const char *name,
		    const char *value);

/* --- links (links.c) ------------------------------------------------------ */

/*
 * Append a path below /flicket-api/, each ":name" replaced by its number,
 * with the root before it. page takes the place of ":page".
 */
void		links_put_path(struct buf *, const struct exchange *,
		    const char *path, const struct args *, int64_t page);

/* Append "_links" and "_meta" of a list, up to its items. */
void		links_put_list_head(struct buf *, const struct exchange *,
		    int64_t total);

#endif
