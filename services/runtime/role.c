/* Who writes: the lock, and taking over. */
#include "services/runtime/role.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "services/runtime/announce.h"
#include "services/runtime/asides.h"
#include "services/runtime/outbox.h"
#include "services/runtime/reads.h"
#include "services/runtime/slow_calls.h"
#include "services/runtime/svc.h"
#include "services/runtime/write_calls.h"
#include "services/store/store.h"

static void
enter_role(struct svc *s, enum role_state state)
{
	static const char *const	names[] = {
		[ROLE_READER] = "reader", [ROLE_WRITER] = "writer",
		[ROLE_READ_ONLY] = "read-only", [ROLE_REOPENING] = "reopening",
		[ROLE_LEAVING] = "leaving",
	};

	if (s->role.state == state)
		return;
	log_debug("role: %s -> %s", names[s->role.state], names[state]);
	s->role.state = state;
}

bool
role_take_lock(struct svc *s)
{
	struct role	*role = &s->role;
	struct buf	 folder = { 0 };

	buf_printf(&folder, "stores/%s", service_name(s->service->id));
	role->lock = store_lock(folder.base);
	if (role->lock == -1 && errno != role->lock_error) {
		role->lock_error = errno;
		if (errno == EWOULDBLOCK)
			log_info("another process writes to %s", folder.base);
		else
			log_error("%s: %s", folder.base, strerror(errno));
	}
	buf_done(&folder);
	return role->lock != -1;
}

void
role_become_writer(struct svc *s)
{
	if (s->service->became_writer != NULL)
		s->service->became_writer(s->service);
	write_calls_begin(s, s->role.lock);
	outbox_start(s);
	enter_role(s, ROLE_WRITER);
	s->standing.writes = true;
	s->standing.entry = atomic_load(&s->keeper.reign.entry);
	chore_turn(s);	/* before other writes */
}

/* A write has to be refused by some process: all say that they write. */
void
role_set_read_only(struct svc *s, const char *why)
{
	log_warn("store %s can be read only: %s", service_name(s->service->id),
	    why);
	enter_role(s, ROLE_READ_ONLY);
	s->standing.writes = true;
}

/* A connection from the time when the disk took no writes sees no changes. */
static void
reopen(struct svc *s)
{
	log_info("the store can be written to again");
	slow_calls_end(s);
	asides_end(s);
	reads_close(s);
	slow_calls_start(s);
	reads_open(s);
	asides_start(s);
}

/*
 * Whether the store can be opened anew now. Until lanes have finished what
 * they have begun they are given nothing, or they might never be idle.
 */
static bool
is_reopenable(struct svc *s)
{
	bool	wanted = s->lifecycle.phase == PHASE_RUNNING &&
		    !svc_is_loading(s) && store_has_room(s->path.base);

	enter_role(s, wanted ? ROLE_REOPENING : ROLE_READ_ONLY);
	slow_calls_wake(s);
	return wanted && !slow_calls_are_busy(s) && !asides_are_busy(s);
}

/* Another host writes by now, or this one cannot any more. */
static void
step_down(struct svc *s)
{
	log_info("stepping down: this process writes no more");
	outbox_stop(s);
	enter_role(s, ROLE_LEAVING);
	s->standing.writes = false;
	s->standing.entry = 0;
	announce_standing(s);
}

/* What a lane has when it ends is lost: its calls are waited for. */
static void
leave_role(struct svc *s)
{
	if (!write_calls_are_done(s))
		return;
	write_calls_end(s);
	keeper_release(&s->keeper);
	enter_role(s, ROLE_READER);
}

/* A process that leaves takes no role; but it does not stay REOPENING. */
static bool
may_try(const struct svc *s, int64_t now_ms)
{
	return s->role.state != ROLE_WRITER && s->role.state != ROLE_LEAVING &&
	    (s->lifecycle.phase == PHASE_RUNNING ||
	    s->role.state == ROLE_REOPENING) &&
	    now_ms - s->role.tried_ms >= ROLE_RETRY_MS;
}

void
role_turn(struct svc *s)
{
	int64_t	now_ms = clock_ms();
	bool	anew = role_is_read_only(&s->role);

	if (s->role.state == ROLE_WRITER && keeper_is_wanted(&s->keeper) &&
	    !keeper_has_reign(&s->keeper))
		step_down(s);
	if (s->role.state == ROLE_LEAVING)
		leave_role(s);
	else if (s->role.state != ROLE_WRITER &&
	    !keeper_has_reign(&s->keeper))
		keeper_release(&s->keeper);	/* it ended before it was used */
	if (!may_try(s, now_ms))
		return;
	s->role.tried_ms = now_ms;
	if (s->role.lock == -1 && !role_take_lock(s))
		return;
	if (keeper_is_wanted(&s->keeper) && s->keeper.thread == NULL)
		keeper_start(&s->keeper);
	if (keeper_is_wanted(&s->keeper) && !keeper_has_reign(&s->keeper))
		return;
	if (anew && !is_reopenable(s))
		return;
	if (anew)
		reopen(s);
	log_info("taking over: this process writes now");
	role_become_writer(s);
	slow_calls_wake(s);
	announce_standing(s);
}

void
role_resign(struct svc *s)
{
	outbox_stop(s);
	write_calls_end(s);
	keeper_stop(&s->keeper);
	if (s->role.lock != -1)
		close(s->role.lock);
}
