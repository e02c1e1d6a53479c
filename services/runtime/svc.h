/*
 * A service's process: the state of all its parts. They work on it one after
 * the other, in the loop's thread.
 */
#ifndef RUNTIME_SVC_H
#define RUNTIME_SVC_H

#include "services/op/op.h"
#include "services/runtime/announce.h"
#include "services/runtime/asides.h"
#include "services/runtime/chore.h"
#include "services/runtime/freeze.h"
#include "services/runtime/hold.h"
#include "services/runtime/keeper/keeper.h"
#include "services/runtime/lane/calls.h"
#include "services/runtime/lifecycle.h"
#include "services/runtime/outbox.h"
#include "services/runtime/reads.h"
#include "services/runtime/role.h"
#include "services/runtime/slow_calls.h"
#include "services/runtime/socket/backlog.h"
#include "services/runtime/socket/endpoint.h"
#include "services/runtime/socket/reply.h"
#include "services/runtime/write_calls.h"

struct svc {
	const struct service	*service;
	const struct settings	*settings;
	struct op_tables	 tables;
	struct buf		 path;		/* of the store's database */
	struct standing		 standing;	/* what answers to PINGs tell */
	struct lifecycle	 lifecycle;
	struct role		 role;
	struct keeper		 keeper;

	/* requests and answers */
	struct endpoint		 endpoint;
	struct frame_reader	*frames;	/* of the message at hand */
	struct backlog		 backlog;
	int64_t			 warned_ms;	/* of a bad message */
	struct reply		 reply;
	struct announce		 announce;

	/* calls, by where they are */
	struct calls		 calls;		/* all of them */
	struct reads		 reads;
	struct aside		 asides[ASIDE_END];
	struct write_calls		 writes;
	struct slow_calls	 slow;
	struct chore		 chore;
	struct hold		 hold;

	struct freeze		 freeze;
	struct outbox		 outbox;

	int64_t			 watched_ms;	/* the wall clock, last time */
};

/* Whether some lists cannot be answered yet, as their index is loaded. */
static inline bool
svc_is_loading(const struct svc *s)
{
	return s->tables.index != NULL &&
	    s->service->loading(s->tables.index);
}

#endif
