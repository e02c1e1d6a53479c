/*
 * A connection, for the files that look after it: connection.c, idle.c, rest.c,
 * weight.c and parting.c. All else uses connection.h.
 */
#ifndef CONNECTION_CONNECTION_PRIVATE_H
#define CONNECTION_CONNECTION_PRIVATE_H

#include "gateway/http/connection/connection.h"

struct connection {
	h2o_linklist_t	 link;		/* in worker.connections */
	struct worker	*worker;
	h2o_socket_t	*sock;
	struct frames	 frames;	/* of HTTP/2 */
	unsigned	 requests;	/* under way */
	unsigned	 answered;	/* those of them whose answer began */
	unsigned	 begun;		/* requests with a head, when they were
					 * counted last */
	bool		 has_asked;	/* a whole request came */
	size_t		 held;		/* bytes of answers */
	int64_t		 since_ms;	/* the last request began or ended, or
					 * it was looked at */

	/* idle.c's */
	struct idle {
		int64_t		late_ms;	/* bytes have waited to be read
						 * since then; 0: no */
		size_t		written;	/* by libh2o, at the last look */
		uint64_t	taken;		/* ... bytes by the client */
		bool		is_body;	/* one was seen to come */
		uint64_t	known;		/* bytes that had come by then */
		uint64_t	came;		/* bytes, at the last look for
						 * room */
		int64_t		came_ms;	/* since when so many */
		int64_t		looked_ms;	/* when that was */
	} idle;

	/* rest.c's */
	struct rest {
		h2o_linklist_t		link;		/* in worker.resting */
		h2o_timeout_entry_t	soon;
		int64_t			since_ms;
		h2o_socket_cb		on_read;	/* libh2o's, meanwhile */
		void			*reader;	/* what libh2o reads for */
	} rest;

	/* weight.c's */
	struct weight {
		size_t		streams;	/* bytes of HTTP/2's requests */
		size_t		open;		/* requests, while weighing */
		uint64_t	read;		/* bytes, when no request was
						 * half there */
	} weight;
};

static inline struct connection *
connection_at(const h2o_linklist_t *link)
{
	return H2O_STRUCT_FROM_MEMBER(struct connection, link, link);
}

static inline int
connection_fd(const struct connection *c)
{
	return h2o_socket_get_fd(c->sock);
}

struct connection	*connection_of(const h2o_req_t *);

/* Its time starts anew: it is the last one of the list. */
void	connection_touch(struct connection *, int64_t now_ms);

/*
 * libh2o reads its end and closes it: now, or when it has sent what it is about
 * to send.
 */
void	connection_shut(struct connection *);

/* Count in `begun` the requests of HTTP/2 whose head came, bodies or not. */
void	connections_count_streams(struct worker *);

/* ... and those of HTTP/1 as well. */
void	connections_count_requests(struct worker *);

#endif
