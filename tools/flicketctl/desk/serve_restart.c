/* Restarts, as the supervisor does them: never waiting, only looking again. */
#include "tools/flicketctl/desk/serve_restart.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum {
	LOOK_EVERY_MS = 50,
	READY_MS = 30000,	/* for the desk to be ready again */
	KILL_MS = 1000		/* beyond what a process may take to end */
};

#define ALL	((1U << CHILDREN) - 1)

static void
write_state(const struct restarts *r)
{
	char	line[64];
	int	len = snprintf(line, sizeof(line), "%d %u %u %u\n",
		    (int)getpid(), r->asked, r->done, r->failed);

	/* not shorter than the line before, as numbers only grow */
	if (pwrite(r->lock, line, (size_t)len, 0) != len ||
	    ftruncate(r->lock, len) == -1)
		log_error(SERVE_LOCK ": %s", strerror(errno));
}

void
restarts_init(struct restarts *r, int lock, int64_t stop_seconds)
{
	*r = (struct restarts){ .lock = lock, .at = -1,
	    .stop_ms = stop_seconds * 1000 };
	write_state(r);
}

void
restarts_ask(struct restarts *r, const siginfo_t *info)
{
	unsigned	wanted = info->si_code == SI_QUEUE ?
			    (unsigned)info->si_value.sival_int & ALL : 0;

	r->wanted |= wanted != 0 ? wanted : ALL;
	r->asked++;
	write_state(r);
}

int64_t
restarts_due(const struct restarts *r)
{
	if (r->at != -1)
		return r->due_ms;
	return r->wanted != 0 ? 0 : INT64_MAX;
}

/* Whether the old process has ended and a new one runs. */
static bool
is_replaced(const struct restarts *r, const struct children *all)
{
	const struct child	*c = &all->all[r->at];

	return c->pid != 0 && c->pid != r->before && c->leaving == 0;
}

bool
restarts_may_ask(const struct restarts *r, const struct children *all)
{
	return r->at != -1 && is_replaced(r, all);
}

void
restarts_note(struct restarts *r, bool ready)
{
	r->ready = ready;
}

static void
begin_next(struct restarts *r, struct children *all)
{
	for (r->at = 0; (r->wanted >> r->at & 1) == 0; r->at++)
		continue;
	r->wanted &= ~(1U << r->at);
	r->before = all->all[r->at].pid;
	r->since_ms = now_ms();
	r->ready = false;
	log_info("restarting %s", children_name(r->at));
	children_replace(all, r->at);
}

static void
finish(struct restarts *r, bool well)
{
	r->at = -1;
	if (!well) {
		r->failed++;
		r->wanted = 0;
	}
	if (r->wanted != 0)
		return;
	r->done = r->asked;
	write_state(r);
}

void
restarts_go_on(struct restarts *r, struct children *all)
{
	int64_t	now = now_ms();

	r->due_ms = now + LOOK_EVERY_MS;
	if (r->at == -1) {
		begin_next(r, all);
		return;
	}
	if (is_replaced(r, all) && r->ready) {
		log_info("%s was restarted", children_name(r->at));
		finish(r, true);
		return;
	}
	if (now - r->since_ms > r->stop_ms + KILL_MS + READY_MS) {
		log_error("%s was restarted, and the desk is not ready; the "
		    "others are left as they are", children_name(r->at));
		finish(r, false);
	} else if (now - r->since_ms > r->stop_ms + KILL_MS)
		children_kill(all, r->at, r->before);
}
