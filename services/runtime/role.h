/*
 * The role of this process among those of its service. All of them read. The
 * one that holds the store's lock also writes and delivers events; when it
 * ends, another one takes its role over.
 *
 * READER     Another process has the lock.
 * WRITER     This process has it.
 * READ_ONLY  No process can write, as the disk takes no writes.
 * REOPENING  The disk takes writes again: lanes finish what they have begun,
 *            and begin nothing until they have opened the store anew.
 * LEAVING    This process has the lock, and may write no more: what its writer
 *            lane has is answered before the copy follows the log.
 */
#ifndef RUNTIME_ROLE_H
#define RUNTIME_ROLE_H

#include <stdbool.h>
#include <stdint.h>

struct svc;

enum role_state {
	ROLE_READER,
	ROLE_WRITER,
	ROLE_READ_ONLY,
	ROLE_REOPENING,
	ROLE_LEAVING
};

struct role {
	enum role_state	state;
	int		lock;		/* of the store; -1: not ours */
	int		lock_error;	/* why it could not be had, as logged */
	int64_t		tried_ms;	/* when the role was last tried for */
};

/* Whether the store can be written to by no process at all. */
static inline bool
role_is_read_only(const struct role *r)
{
	return r->state == ROLE_READ_ONLY || r->state == ROLE_REOPENING;
}

/* How long to wait between two tries to get the lock, ms. */
#define ROLE_RETRY_MS	50

/* Try to get the store's lock. Why it cannot be had is logged once. */
bool	role_take_lock(struct svc *);

/* With the lock: begin to write. */
void	role_become_writer(struct svc *);

/* The store can be read only. Clients are told so, by any process. */
void	role_set_read_only(struct svc *, const char *why);

/* Take the writer's role over, if that is possible now. */
void	role_turn(struct svc *);

/* End writing, and give the lock back. */
void	role_resign(struct svc *);

#endif
