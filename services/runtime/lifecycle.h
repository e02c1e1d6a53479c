/*
 * The life of a service's process, in phases. A signal begins its end:
 *
 * RUNNING   All requests are answered.
 * LEAVING   Peers are told, and ask other processes. Requests that are on
 *           their way are still answered.
 * STOPPING  Writes and slow calls are refused. Reads are answered, as there
 *           may be no other process to ask.
 * CLOSING   All that was begun is done, or FLICKET_STOP_SECONDS are over.
 *           Reads are refused, too, so that peers need not wait for answers.
 */
#ifndef RUNTIME_LIFECYCLE_H
#define RUNTIME_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

struct svc;

enum phase { PHASE_RUNNING, PHASE_LEAVING, PHASE_STOPPING, PHASE_CLOSING };

struct lifecycle {
	int		signals;	/* a signalfd */
	enum phase	phase;
	int64_t		until_ms;	/* the phase lasts until then at most */
	int64_t		stop_ms;	/* when FLICKET_STOP_SECONDS are over */
};

/* Block the signals and open s->lifecycle.signals, before any thread runs. */
void	lifecycle_init(struct svc *);
void	lifecycle_done(struct svc *);

/* Take a signal, if one is there: SIGHUP reads keys again, others stop. */
void	lifecycle_take_signal(struct svc *);

/* Enter the next phase, if the time for it has come. */
void	lifecycle_turn(struct svc *);

/* Whether the loop is to end. */
bool	lifecycle_is_over(const struct svc *);

#endif
