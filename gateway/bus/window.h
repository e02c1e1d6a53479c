/*
 * Windows: how many requests of one user are at services at the same time,
 * while other users ask, too. The rest is held back in the gateway, so that it
 * always has little of one user to do before something of another.
 */
#ifndef BUS_WINDOW_H
#define BUS_WINDOW_H

#include "gateway/bus/admission.h"

struct window {
	struct shares	shares;		/* at all processes; without logins */
	int64_t		crowded_until_ms; /* several users ask, or did */
};

/* A request is sent to a process, or leaves it. */
void	window_add(struct window *, const struct demand *);
void	window_remove(struct window *, const struct demand *);

/* Whether one more request has to wait for others of its user. */
bool	window_is_full(const struct window *, const struct demand *);

#endif
