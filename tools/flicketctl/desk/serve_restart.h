/*
 * Restarts: one process after the other is ended and started anew, each when
 * the desk is ready with the one before.
 *
 * `flicketctl restart` asks for it with SIGUSR1, whose value says which
 * processes, a bit for each; a plain SIGUSR1 means all. Its progress
 * is in the file that the supervisor keeps locked, "PID ASKED DONE FAILED":
 * how many restarts were asked for, how many of these are done, and how many
 * ended without the desk being ready.
 */
#ifndef DESK_SERVE_RESTART_H
#define DESK_SERVE_RESTART_H

#include <signal.h>

#include "tools/flicketctl/desk/serve_children.h"

#define SERVE_LOCK	"serve.lock"	/* below FLICKET_DATA */

struct restarts {
	int		lock;		/* the file */
	unsigned	wanted;		/* bits of those yet to come */
	int		at;		/* which one is at it; -1: none */
	int64_t		since_ms;	/* since when */
	int64_t		due_ms;		/* when to look at it again */
	int64_t		stop_ms;	/* what a process may take to end */
	pid_t		before;		/* the process that is to end */
	bool		ready;		/* the desk was, since then */
	unsigned	asked, done, failed;
};

void	restarts_init(struct restarts *, int lock, int64_t stop_seconds);

/* Take what a SIGUSR1 asks for. */
void	restarts_ask(struct restarts *, const siginfo_t *);

/* When something is to be done; INT64_MAX: nothing is under way. */
int64_t	restarts_due(const struct restarts *);

/* Whether it matters now whether the desk is ready; note the answer. */
bool	restarts_may_ask(const struct restarts *, const struct children *);
void	restarts_note(struct restarts *, bool ready);

void	restarts_go_on(struct restarts *, struct children *);

#endif
