/*
 * The thread that has the copy follow the log, and keeps the lease.
 */
#include "services/runtime/keeper/keeper.h"

#include <sys/stat.h>

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/process/actor.h"
#include "services/engine/copy.h"
#include "services/engine/engine.h"
#include "services/runtime/keeper/hosts.h"

#define FOLLOW_MS	50	/* between looks at the log */
#define CURRENT_MS	900	/* the writer has others wait for us no longer */
#define RENEW_MS	1000	/* between renewals of the lease ... */
#define LEASE_MS	3000	/* which lasts for so long (layout.h) */
#define SAY_MS		10000	/* between lines about an engine that is away */

/* --- the thread --------------------------------------------------------------------------- */

struct work {
	struct keeper	*keeper;
	struct engine	*engine;
	struct copy	*copy;
	struct hosts	*hosts;
	int64_t		 renewed_ms;
	int64_t		 leased_ms;	/* before the claim, or the last renewal */
	bool		 follows;	/* the copy was followed just now */
	bool		 has_more;	/* there may be more entries */
	int64_t		 said_ms;
	int64_t		 heard_ms;	/* the engine was reached then */
	int64_t		 number;	/* of the reign that was claimed last */
};

static void
note_heard(struct work *w)
{
	w->heard_ms = clock_ms();
	atomic_store(&w->keeper->heard_ms, w->heard_ms);
	metric_set(METRIC_ENGINE_UNHEARD_MS, 0, 0);
}

static void
say_away(struct work *w)
{
	int64_t	now_ms = clock_ms();

	metric_set(METRIC_ENGINE_UNHEARD_MS, 0, now_ms - w->heard_ms);
	if (w->said_ms != 0 && now_ms - w->said_ms < SAY_MS)
		return;
	w->said_ms = now_ms;
	log_warn("engine: %s", engine_error(w->engine));
}

/*
 * Nobody brings a copy of another history along: the next start of a process
 * fetches a new one.
 */
_Noreturn static void
give_up(const struct work *w)
{
	copy_remove(w->keeper->path);
	log_fatal("engine: the log does not have what the copy is at; the copy "
	    "is fetched anew");
}

/* Whether it has all that is there now. */
static bool
follow(struct work *w)
{
	enum engine_end	end = copy_follow(w->copy, w->engine, &w->has_more);

	if (end == ENGINE_GONE || end == ENGINE_MISSING)
		give_up(w);
	if (end != ENGINE_DONE) {
		say_away(w);
		return false;
	}
	note_heard(w);
	metric_set(METRIC_ENGINE_ENTRY, 0, copy_stands_at(w->copy).seq);
	return true;
}

/* Become the writer if nobody is, with all that was written before. */
static void
try_claim(struct work *w)
{
	struct engine_head	head;
	int64_t			began_ms;

	if (engine_look(w->engine, &head) != ENGINE_DONE || (!head.is_free &&
	    strcmp(head.owner, w->keeper->reign.owner) != 0))
		return;
	began_ms = clock_ms();
	if (engine_claim(w->engine, w->keeper->reign.owner, &head) !=
	    ENGINE_DONE)
		return;
	/* nobody appends to the log by now */
	do {
		w->follows = follow(w);
	} while (w->follows && w->has_more);
	if (!w->follows || copy_stands_at(w->copy).seq != head.last.seq) {
		engine_resign(w->engine, head.reign);
		return;
	}
	log_debug("engine: claimed, at entry %lld", (long long)head.last.seq);
	w->number = head.reign;
	w->leased_ms = w->renewed_ms = began_ms;
	/* the writer has a connection of its own, which is to be the only one
	 * that knows FTS5's state */
	copy_close(&w->copy);
	atomic_store(&w->keeper->reign.entry, head.last.seq);
	atomic_store(&w->keeper->reign.number, head.reign);
	atomic_store(&w->keeper->writes, true);
}

static void
end_reign(struct work *w, int64_t number, const char *why)
{
	if (atomic_compare_exchange_strong(&w->keeper->reign.number, &number,
	    0))
		log_warn("engine: %s; this process writes no more", why);
}

/*
 * The lane may have claimed again meanwhile. A lease that has ended by this
 * clock may have ended by the engine's: then others write, and nobody would tell.
 */
static void
keep_lease(struct work *w)
{
	int64_t		number = atomic_load(&w->keeper->reign.number);
	int64_t		now_ms = clock_ms();
	enum engine_end	end;

	if (number == 0 || now_ms - w->renewed_ms < RENEW_MS)
		return;
	w->renewed_ms = now_ms;
	w->number = number;
	end = engine_renew(w->engine, number);
	if (end == ENGINE_DONE) {
		w->leased_ms = now_ms;
		note_heard(w);
		engine_trim(w->engine, number);
	} else if (end == ENGINE_REFUSED)
		end_reign(w, number, "another process claimed");
	else {
		say_away(w);
		if (clock_ms() - w->leased_ms > LEASE_MS)
			end_reign(w, number, "the lease has ended");
	}
}

/* Followed by what the writer has told of, and it was heard just now. */
static void
note_current(struct work *w, int64_t entry)
{
	if (entry >= hosts_newest(w->hosts))
		atomic_store(&w->keeper->current_ms,
		    hosts_heard_ms(w->hosts));
}

static void
take_turn(struct work *w)
{
	int64_t	before;

	if (atomic_load(&w->keeper->writes)) {
		keep_lease(w);
		return;
	}
	if (w->copy == NULL)
		w->copy = copy_open(w->keeper->path);
	before = copy_stands_at(w->copy).seq;
	w->follows = follow(w);
	if (copy_stands_at(w->copy).seq != before)
		hosts_tell(w->hosts, copy_stands_at(w->copy).seq);
	note_current(w, copy_stands_at(w->copy).seq);
	if (w->follows && !w->has_more)
		try_claim(w);
}

static bool
is_terminated(struct work *w, zsock_t *pipe)
{
	char	*word;
	bool	 is;

	if (!hosts_wait(w->hosts, pipe, w->has_more ? 0 : FOLLOW_MS))
		return false;
	word = zstr_recv(pipe);
	is = word == NULL || strcmp(word, "$TERM") == 0;
	zstr_free(&word);
	return is;
}

/*
 * What the writer is told: nothing, if it is this process, or if answers would
 * wait in vain for a copy that does not follow.
 */
static int64_t
entry_of(const struct work *w)
{
	return w->copy == NULL || !w->follows ? 0 : copy_stands_at(w->copy).seq;
}

static void
keeper_run(zsock_t *pipe, void *arg)
{
	struct keeper	*keeper = arg;
	struct work	 w = { .keeper = keeper, .heard_ms = clock_ms() };

	w.engine = engine_new(keeper->reign.conninfo, keeper->service->id, NULL);
	w.hosts = hosts_new(keeper->settings, keeper->service->id,
	    keeper->instance);
	zsock_signal(pipe, 0);
	do {
		hosts_turn(w.hosts, entry_of(&w));
		take_turn(&w);
	} while (!is_terminated(&w, pipe));
	if (w.number != 0)
		engine_resign(w.engine, atomic_load(&keeper->reign.number) != 0 ?
		    atomic_load(&keeper->reign.number) : w.number);
	copy_close(&w.copy);
	hosts_destroy(&w.hosts);
	engine_destroy(&w.engine);
}

/* --- the copy's file ------------------------------------------------------------------------- */

void
keeper_note_copy(struct keeper *k)
{
	struct stat	st;

	if (!keeper_is_wanted(k) || stat(k->path, &st) == -1)
		return;
	k->device = st.st_dev;
	k->file = st.st_ino;
}

void
keeper_watch_copy(struct keeper *k)
{
	struct stat	st;

	if (!keeper_is_wanted(k) || (stat(k->path, &st) == 0 &&
	    st.st_dev == k->device && st.st_ino == k->file))
		return;
	keeper_stop(k);		/* so that others can write at once */
	log_fatal("engine: the copy was removed or replaced; this process starts "
	    "anew");
}

/* --- for the loop --------------------------------------------------------------------------- */

void
keeper_start(struct keeper *k)
{
	atomic_store(&k->heard_ms, clock_ms());
	k->thread = actor_new(keeper_run, k);
}

bool
keeper_has_hosts(const struct keeper *k)
{
	return keeper_is_wanted(k) &&
	    hosts_are_named(k->settings, k->service->id);
}

bool
keeper_is_behind(const struct keeper *k)
{
	/* without the lock a process does not know */
	return keeper_has_hosts(k) && (k->thread == NULL ||
	    (!keeper_has_reign(k) && clock_ms() - atomic_load(&k->current_ms) > CURRENT_MS));
}

bool
keeper_is_stale(const struct keeper *k)
{
	int64_t	most_ms, now_ms;

	if (k->thread == NULL || k->settings->stale_seconds == 0)
		return false;
	most_ms = k->settings->stale_seconds * 1000;
	now_ms = clock_ms();
	return now_ms - atomic_load(&k->heard_ms) > most_ms &&
	    now_ms - atomic_load(&k->current_ms) > most_ms;
}

void
keeper_release(struct keeper *k)
{
	/* the writer may have claimed once more before it ended */
	atomic_store(&k->reign.number, 0);
	atomic_store(&k->writes, false);
}

void
keeper_stop(struct keeper *k)
{
	if (k->thread != NULL)
		zactor_destroy(&k->thread);
}
