/*
 * The chore: a write that a service sends itself while it has the store's lock
 * (service.chore), again and again until it finds nothing to do, and then from
 * time to time if the service wants that. Other writes run between two of them.
 */
#ifndef RUNTIME_CHORE_H
#define RUNTIME_CHORE_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct svc;

struct chore {
	bool	running;
	bool	done;		/* it found nothing to do */
	int64_t	next_ms;	/* not before then */
};

/* Send the chore, if it is due. */
void	chore_turn(struct svc *);

/* A lane has given a call back. */
void	chore_note_done(struct svc *, const struct call *);

#endif
