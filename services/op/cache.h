/*
 * Answers that were asked for again: where an answer depends on nothing but
 * the question and the store, it is made twice and from then on copied or lent,
 * for as long as nothing is committed. What is asked for once costs no memory.
 */
#ifndef OP_CACHE_H
#define OP_CACHE_H

#include "services/op/op.h"

/* What a lane has of them. */
struct cache	*cache_new(void);
void		 cache_destroy(struct cache **);

/*
 * Have a lane's answers lent instead of copied: whoever runs a call on it says
 * when its fragment was read, before the next call is run. Until then nothing
 * may be written to that.
 */
void		 cache_lend(struct lane *);
void		 cache_return(struct call *);

/* Answer a READ, with what `run` makes of it or with what it made before. */
enum err	 cache_run(struct call *, op_run *run);

#endif
