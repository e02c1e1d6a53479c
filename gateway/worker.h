/*
 * The gateway and its workers, a thread each. `struct gateway` is filled at
 * start and only read afterwards, except for what is atomic or has a lock of
 * its own; workers share nothing else.
 */
#ifndef GATEWAY_WORKER_H
#define GATEWAY_WORKER_H

#include <h2o.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/settings.h"
#include "proto/tables.h"

struct bus;
struct gzip;
struct limits;
struct proxies;
struct resolver;
struct response_cache;
struct tokens;

/* How full the memory is, as memory.c finds in each tick. */
enum pressure { PRESSURE_NONE, PRESSURE_BODIES, PRESSURE_ALL };

struct gateway {
	const struct settings	*settings;
	struct resolver		*resolver;
	struct proxies		*proxies;
	struct limits		*limits;	/* NULL: no limit is set */
	h2o_globalconf_t	 conf;
	h2o_hostconf_t		*host;
	struct text		 url_prefixes[PLACEHOLDER_END]; /* for them */
	int			 listener;
	atomic_bool		 stopping;
	struct worker		*workers;	/* as many as threads */
	sem_t			 ended;		/* posted by each worker at its end */
	_Atomic int64_t		 connections;	/* open, of all workers */
	int64_t			 connections_most;
	atomic_int		 pressure;	/* see memory_pressure() */
	_Atomic int64_t		 memory_used;
	int			 statm;		/* memory.c's */
	int64_t			 memory_said_ms; /* only the first worker's */
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
	struct response_cache	*responses;
	struct buf		 body;		/* see respond_buffer() */
	struct gzip		*gzip;		/* NULL until it is needed */
	h2o_linklist_t		 connections;	/* connection.c's */
	h2o_linklist_t		 resting;	/* ... too */
	bool			 paused;	/* accepts nothing until the next tick */
	int64_t			 warned_ms;	/* the log was told so, last */
	unsigned		 exchanges;	/* under way */
	size_t			 large_bytes;	/* of their large answers */
	uint64_t		 requests;	/* since the start, for request ids */
	int64_t			 stop_ms;	/* 0: not stopping */
	int64_t			 told_ms;	/* clients of HTTP/2 were told that we
						 * stop */
};

#define TICK_MS		50

/* The worker a request came to. */
static inline struct worker *
worker_of(const h2o_req_t *req)
{
	return H2O_STRUCT_FROM_MEMBER(struct worker, ctx, req->conn->ctx);
}

/* Cheap enough for each request. */
static inline enum pressure
memory_pressure(const struct worker *w)
{
	return (enum pressure)atomic_load_explicit(&w->gateway->pressure,
	    memory_order_relaxed);
}

#endif
