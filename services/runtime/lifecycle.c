/* Signals, and the phases of a stop. */
#include "services/runtime/lifecycle.h"

#include <sys/signalfd.h>

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/process/signals.h"
#include "proto/peer/curve.h"
#include "services/runtime/announce.h"
#include "services/runtime/svc.h"

#define LEAVING_MS	150
#define CLOSING_MS	30

void
lifecycle_init(struct svc *s)
{
	sigset_t	set = signals_block();

	s->lifecycle.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void
lifecycle_done(struct svc *s)
{
	close(s->lifecycle.signals);
}

static void
enter_phase(struct svc *s, enum phase phase, int64_t until_ms)
{
	static const char *const	names[] = {
		[PHASE_RUNNING] = "running", [PHASE_LEAVING] = "leaving",
		[PHASE_STOPPING] = "stopping", [PHASE_CLOSING] = "closing",
	};

	log_debug("phase: %s -> %s", names[s->lifecycle.phase], names[phase]);
	s->lifecycle.phase = phase;
	s->lifecycle.until_ms = until_ms;
}

static void
leave(struct svc *s)
{
	int64_t	now_ms = clock_ms();

	log_info("stopping");
	s->lifecycle.stop_ms = now_ms + s->settings->stop_seconds * 1000;
	enter_phase(s, PHASE_LEAVING, now_ms + LEAVING_MS);
	s->standing.leaving = true;
	s->standing.writes = false;
	announce_standing(s);
}

void
lifecycle_take_signal(struct svc *s)
{
	struct signalfd_siginfo	info;

	if (read(s->lifecycle.signals, &info, sizeof(info)) == -1 ||
	    s->lifecycle.phase != PHASE_RUNNING)
		return;
	if (info.ssi_signo == SIGHUP)
		curve_reload();
	else
		leave(s);
}

/* Writes that wait are done; slow calls that wait would take too long. */
static void
stop(struct svc *s)
{
	enter_phase(s, PHASE_STOPPING, s->lifecycle.stop_ms);
	atomic_store(&s->slow.args.stopping, true);
}

/* Calls that have not begun on their lane by then are refused. */
static void
close_down(struct svc *s)
{
	enter_phase(s, PHASE_CLOSING, clock_ms() + CLOSING_MS);
	if (s->calls.count == 0)
		return;
	log_warn("FLICKET_STOP_SECONDS are over with %u requests under way: "
	    "those that are not begun are refused", s->calls.count);
	atomic_store(&s->writes.args.stopping, true);
	asides_break_off(s);
}

void
lifecycle_turn(struct svc *s)
{
	const struct lifecycle	*l = &s->lifecycle;

	if (l->phase == PHASE_LEAVING && clock_ms() >= l->until_ms)
		stop(s);
	if (l->phase == PHASE_STOPPING &&
	    (s->calls.count == 0 || clock_ms() > l->until_ms))
		close_down(s);
}

bool
lifecycle_is_over(const struct svc *s)
{
	const struct lifecycle	*l = &s->lifecycle;
	int64_t			 now_ms;

	/* a call that a lane has begun cannot be ended, and is done soon */
	if (l->phase != PHASE_CLOSING || s->calls.count > 0)
		return false;
	now_ms = clock_ms();
	return now_ms > l->until_ms &&
	    (s->backlog.count == 0 || now_ms > l->stop_ms);
}
