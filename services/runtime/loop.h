/* The loop of a service's process. */
#ifndef RUNTIME_LOOP_H
#define RUNTIME_LOOP_H

#include "proto/frame.h"

struct svc;

/*
 * Have a request carried out, or refuse it. What is answered at once is put in
 * the reply, which is for this peer; other answers follow when they are there.
 */
void	loop_dispatch(struct svc *, const struct request *, struct text peer);

/* Take requests and answer them until the process has to end. */
void	loop_run(struct svc *);

#endif
