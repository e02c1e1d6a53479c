/*
 * The write freeze: clients' writes wait, and events of other services go on,
 * so that all four stores can be read as of one point. A backup asks for it
 * (tools/flicketctl/backup/backup_cut.c) with WRITES_HOLD, which is answered
 * once no client's write is under way. WRITES_RELEASE ends it; its answer
 * says whether the freeze has lasted until then.
 */
#ifndef RUNTIME_FREEZE_H
#define RUNTIME_FREEZE_H

#include "proto/frame.h"

struct svc;

struct freeze {
	int64_t		 until_ms;	/* 0: writes are not frozen */
	struct buf	 holder;	/* ZeroMQ identity of who asked */
	uint64_t	 request_id;	/* of WRITES_HOLD; 0: it is answered */
};

static inline bool
freeze_is_on(const struct freeze *f)
{
	return f->until_ms != 0;
}

/* Whether a request begins or ends a freeze: the loop does that itself. */
static inline bool
freeze_is_asked(const struct request *r)
{
	return r->op == OP_WRITES_HOLD || r->op == OP_WRITES_RELEASE;
}

/* Do what such a request asks for. */
void	freeze_run(struct svc *, const struct request *, struct text peer);

/* End a freeze that has lasted too long; answer WRITES_HOLD in time. */
void	freeze_turn(struct svc *);

void	freeze_done(struct freeze *);

#endif
