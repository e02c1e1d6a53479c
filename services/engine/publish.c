/* The writer's part. */
#include "services/engine/publish.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "services/engine/copy.h"
#include "services/engine/engine.h"
#include "services/engine/survey.h"
#include "services/store/store.h"

#define SETTLE_MS	10000	/* clients have been answered by then */
#define SETTLE_STEP_US	50000

struct publish {
	struct reign		*reign;
	const atomic_bool	*stopping;
	sqlite3			*db;
	struct tables		*tables;
	struct patch_each	*each;
	struct engine		*engine;
	struct patch		*patch;
	struct buf		 bytes;
	int			 changed;	/* rows, before the batch */
	struct engine_place	 place;		/* of the copy */
	struct engine_place	 next;		/* of the batch, if it has one */
};

struct publish *
publish_open(struct reign *reign, enum service_id id, sqlite3 *db,
    const atomic_bool *stopping)
{
	struct publish	*p = must_alloc(sizeof(*p));

	p->reign = reign;
	p->stopping = stopping;
	p->db = db;
	p->tables = tables_read(db);
	if (p->tables == NULL)
		log_fatal("engine: the store's tables cannot be read");
	/* the engine has what a power failure takes from the copy */
	store_exec(db, "PRAGMA synchronous = NORMAL");
	p->each = patch_each_new(db, p->tables);
	p->engine = engine_new(reign->conninfo, id, p->tables);
	p->place = copy_place(db);
	return p;
}

void
publish_close(struct publish **self_p)
{
	struct publish	*p = *self_p;

	if (p == NULL)
		return;
	patch_end(&p->patch);
	engine_destroy(&p->engine);
	patch_each_destroy(&p->each);
	tables_destroy(&p->tables);
	buf_done(&p->bytes);
	free(p);
	*self_p = NULL;
}

bool
publish_begin(struct publish *p)
{
	if (atomic_load(&p->reign->number) == 0)
		return false;	/* another one writes by now */
	p->changed = sqlite3_total_changes(p->db);
	patch_end(&p->patch);
	p->patch = patch_begin(p->db);
	return p->patch != NULL;
}

/* --- what is not known ------------------------------------------------------------- */

struct found {
	struct engine_place	next;
	bool			is_there;
};

/* The entry behind the copy's place is the batch, or another writer's. */
static bool
compare(void *arg, struct engine_place place, struct text patch)
{
	struct found	*f = arg;

	(void)patch;
	f->is_there = place.seq == f->next.seq && place.reign == f->next.reign;
	return false;
}

/* Behind a claim the log says what became of the batch. */
static enum publish_end
find_batch(struct publish *p)
{
	struct found	f = { p->next, false };
	enum engine_end	end = engine_since(p->engine, p->place, compare, &f);

	if (end == ENGINE_STOPPED && f.is_there)
		return PUBLISH_DONE;
	return end == ENGINE_DONE || end == ENGINE_STOPPED ?
	    PUBLISH_NOT_DONE : PUBLISH_UNKNOWN;
}

/*
 * A claim is committed behind the batch, if that was committed at all. Another
 * one's claim is as good once something was committed behind it: what is read
 * of a server alone may be of one that no standby follows any more.
 */
static enum publish_end
find_behind(struct publish *p, enum engine_end claim)
{
	int64_t	ms;

	if (claim == ENGINE_DONE)
		return find_batch(p);
	return claim == ENGINE_REFUSED &&
	    engine_try_commit(p->engine, &ms) == ENGINE_DONE ?
	    find_batch(p) : PUBLISH_UNKNOWN;
}

/* This process goes on to write if nobody else has written since. */
static int64_t
reign_behind(const struct publish *p, enum publish_end found,
    const struct engine_head *head)
{
	return found != PUBLISH_UNKNOWN && head->last.seq ==
	    (found == PUBLISH_DONE ? p->next.seq : p->place.seq) ?
	    head->reign : 0;
}

static enum publish_end
settle(struct publish *p)
{
	int64_t			until_ms = clock_ms() + SETTLE_MS;
	struct engine_head	head;
	enum engine_end		end;
	enum publish_end	found;

	metric_add(METRIC_ENGINE_UNKNOWN, 0, 0, 1);
	log_warn("engine: what became of entry %lld is not known: %s",
	    (long long)p->next.seq, engine_error(p->engine));
	do {
		end = engine_claim(p->engine, p->reign->owner, &head);
		found = find_behind(p, end);
		if (found == PUBLISH_UNKNOWN)
			usleep(SETTLE_STEP_US);
	} while (found == PUBLISH_UNKNOWN && clock_ms() < until_ms &&
	    !atomic_load(p->stopping));
	atomic_store(&p->reign->number, end == ENGINE_DONE ?
	    reign_behind(p, found, &head) : 0);
	log_info("engine: entry %lld is %s", (long long)p->next.seq,
	    found == PUBLISH_DONE ? "there" : found == PUBLISH_NOT_DONE ?
	    "not there" : "still not known");
	return found;
}

/* --- a batch ------------------------------------------------------------------------ */

static enum publish_end
end_of(struct publish *p, enum engine_end end)
{
	switch (end) {
	case ENGINE_DONE:
		return PUBLISH_DONE;
	case ENGINE_UNKNOWN:
		return settle(p);
	case ENGINE_FAILED:	/* and logged */
		return PUBLISH_NOT_DONE;
	default:
		log_warn("engine: this process writes no more: %s",
		    end == ENGINE_REFUSED ? "another one does" :
		    engine_error(p->engine));
		atomic_store(&p->reign->number, 0);
		return PUBLISH_NOT_DONE;
	}
}

enum publish_end
publish_batch(struct publish *p)
{
	int64_t		reign = atomic_load(&p->reign->number), began_us;
	enum engine_end	end;

	p->next.seq = 0;
	if (sqlite3_total_changes(p->db) == p->changed)
		return PUBLISH_DONE;
	if (reign == 0)
		return PUBLISH_NOT_DONE;
	p->next = (struct engine_place){ p->place.seq + 1, reign };
	p->bytes.len = 0;
	if (!copy_set_place(p->db, p->next) || !patch_take(p->patch, &p->bytes))
		return PUBLISH_NOT_DONE;
	began_us = clock_us();
	end = engine_append(p->engine, p->next, buf_text(&p->bytes), p->each);
	if (end == ENGINE_DONE)
		metric_observe(METRIC_ENGINE_APPENDS, 0,
		    clock_us() - began_us);
	return end_of(p, end);
}

void
publish_committed(struct publish *p)
{
	if (p->next.seq == 0)
		return;
	p->place = p->next;
	atomic_store(&p->reign->entry, p->place.seq);
	metric_set(METRIC_ENGINE_ENTRY, 0, p->place.seq);
}

/* What the engine has and the copy lacks is in the log, which it follows then. */
void
publish_lost(struct publish *p)
{
	log_error("engine: the copy cannot be written to; this process writes no "
	    "more");
	atomic_store(&p->reign->number, 0);
}

int64_t
publish_entry(const struct publish *p)
{
	return p->place.seq;
}

bool
publish_is_over(const struct publish *p)
{
	return atomic_load(&p->reign->number) == 0;
}
