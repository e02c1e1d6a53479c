/* The loop of a service's process. */
#ifndef RUNTIME_LOOP_H
#define RUNTIME_LOOP_H

struct svc;

/* Take requests and answer them until the process has to end. */
void	loop_run(struct svc *);

#endif
