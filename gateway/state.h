/*
 * What the gateway holds. `struct gateway` is made at start and only read
 * afterwards, but for what has locks of its own; each thread is a
 * `struct worker` that shares nothing else.
 */
#ifndef GATEWAY_STATE_H
#define GATEWAY_STATE_H

#include <h2o.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/settings.h"
#include "proto/tables.h"

struct bus;
struct copies;
struct limits;
struct proxies;
struct resolver;
struct tokens;

struct gateway {
	const struct settings	*settings;
	struct resolver		*resolver;
	struct proxies		*proxies;
	struct limits		*limits;	/* NULL: there are none */
	h2o_globalconf_t	 conf;
	h2o_hostconf_t		*host;
	struct text		 roots[MARK_END]; /* what a mark stands for */
	int			 listener;
	atomic_bool		 stopping;
	struct worker		*workers;	/* as many as threads */
	sem_t			 ended;		/* posted by each at its end */
	_Atomic int64_t		 connections;	/* open, of all workers */
	int64_t			 connections_most;
	atomic_int		 pressure;	/* memory.h */
	_Atomic int64_t		 memory_used;
	int			 statm;		/* memory.c's */
	int64_t			 memory_said_ms; /* the first worker's own */
	int64_t			 memory_trimmed_ms;
	_Atomic int64_t		 up[SERVICE_END]; /* workers that reach it */
	uint32_t		 boot;		/* random, for request ids */
};

struct worker {
	struct gateway		*gateway;
	h2o_context_t		 ctx;
	h2o_globalconf_t	 conf;		/* memory.h */
	h2o_accept_ctx_t	 accept;
	h2o_socket_t		*listener;
	h2o_timeout_t		 tick_timeout;
	h2o_timeout_entry_t	 tick;
	struct bus		*bus;
	struct tokens		*tokens;
	struct copies		*copies;
	struct buf		 body;		/* see respond_buffer() */
	h2o_linklist_t		 connections;	/* connection.c's */
	h2o_linklist_t		 resting;	/* ... too */
	bool			 paused;	/* accepts nothing just now */
	int64_t			 warned_ms;	/* of that */
	unsigned		 exchanges;	/* under way */
	size_t			 large_bytes;	/* of their large answers */
	uint64_t		 requests;	/* ever, for request ids */
	int64_t			 stop_ms;	/* 0: not stopping */
	int64_t			 told_ms;	/* clients of HTTP/2 that we stop */
};

#define TICK_MS		50

/* The worker a request came to. */
static inline struct worker *
worker_of(const h2o_req_t *req)
{
	return H2O_STRUCT_FROM_MEMBER(struct worker, ctx, req->conn->ctx);
}

/* Prepare h2o's configuration and the texts; before any worker. */
void	gateway_init(struct gateway *, const struct settings *);

#endif
