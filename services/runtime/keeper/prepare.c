/* A copy to begin with: what is done before a process can read. */
#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/log.h"
#include "base/paths.h"
#include "services/engine/copy.h"
#include "services/engine/engine.h"
#include "services/runtime/keeper/keeper.h"
#include "services/store/migrate.h"

#define SAY_MS	10000	/* between lines about an engine that is waited for */

/* --- the host ------------------------------------------------------------------------ */

/*
 * A host is told from others by its name and by a number that it keeps: a copy of
 * its folder on another host is another host.
 */
static void
name_host(struct keeper *k)
{
	struct buf	path = { 0 };
	char		host[64] = "?", id[20] = "";
	uint64_t	n;
	int		fd;

	(void)gethostname(host, sizeof(host) - 1);
	buf_printf(&path, "%s/host", paths_store_folder(k->service->id));
	fd = open(path.base, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || read(fd, id, 16) != 16) {
		CHECK(getrandom(&n, sizeof(n), 0) == sizeof(n));
		snprintf(id, sizeof(id), "%016llx", (unsigned long long)n);
		if (!file_replace(path.base, id, 16, 0600))
			log_warn("%s: %s", path.base, strerror(errno));
	}
	if (fd != -1)
		close(fd);
	snprintf(k->reign.owner, sizeof(k->reign.owner), "%s:%s",
	    host, id);
	buf_done(&path);
}

/* --- a copy to begin with -------------------------------------------------------------- */

/* What is to be done next, before the copy can be read. */
enum step { STEP_READY, STEP_AGAIN, STEP_WAIT };

static bool
has_store(const struct keeper *k)
{
	struct stat	st;

	return stat(k->path, &st) == 0 && st.st_size > 0;
}

/* A store that was made here, and may have been killed before it was there. */
static bool
was_to_be_put(const struct keeper *k)
{
	int64_t			schema;
	struct engine_place	place = copy_look(k->path, &schema);

	return place.seq == 1 && place.reign > 0;
}

static enum engine_end
put_first(const struct keeper *k)
{
	struct buf	why = { 0 };
	enum engine_end	end;

	end = copy_put(k->service, k->settings->engine, k->path, NULL,
	    NULL, &why);
	if (end == ENGINE_DONE)
		log_info("engine: it has the store now");
	else
		log_warn("engine: it does not take the store: %s", why.base !=
		    NULL ? why.base : "another host was first");
	buf_done(&why);
	return end;
}

/* A new desk: its first store is made here, then put into the engine. */
static enum step
make_first(const struct keeper *k, const struct keeper_asks *asks)
{
	enum engine_end	end;

	asks->make(asks->arg);
	end = put_first(k);
	if (end != ENGINE_DONE && end != ENGINE_UNKNOWN)
		copy_remove(k->path);	/* nobody has worked with it */
	return end == ENGINE_DONE || end == ENGINE_REFUSED ? STEP_AGAIN :
	    STEP_WAIT;
}

/* What somebody worked with before is not thrown away for a copy. */
static void
refuse_own_desk(const struct keeper *k, struct engine_place place)
{
	if (place.seq == 0)
		log_refuse("stores/%s is a store of its own, not a copy of the "
		    "engine's: `flicketctl engine put` takes it over, or move it "
		    "away", service_name(k->service->id));
	if (place.reign < 0)
		log_refuse("stores/%s was put into the engine, and used without "
		    "it since: `flicketctl engine put` puts it again",
		    service_name(k->service->id));
}

static enum step
bring_up(struct keeper *k, struct engine *engine, const struct engine_head *head)
{
	struct engine_head	 claimed;
	struct copy		*copy;
	enum engine_end		 end;
	bool			 more;

	end = engine_claim(engine, k->reign.owner, &claimed);
	if (end != ENGINE_DONE ||
	    engine_extend(engine, claimed.reign) != ENGINE_DONE)
		return STEP_WAIT;
	copy = copy_open(k->path);
	do {
		end = copy_follow(copy, engine, &more);
	} while (end == ENGINE_DONE && more);
	copy_close(&copy);
	log_info("engine: upgrading the store from schema %lld to %lld",
	    (long long)head->schema,
	    (long long)store_newest_schema(k->service));
	if (end == ENGINE_DONE)
		end = copy_upgrade(k->service, k->settings->engine,
		    k->path, claimed.reign);
	engine_resign(engine, claimed.reign);
	/* the copy may have the newer schema alone */
	if (end != ENGINE_DONE)
		copy_remove(k->path);
	return end == ENGINE_DONE ? STEP_READY : STEP_AGAIN;
}

static bool
ignore_entry(void *arg, struct engine_place place, struct text patch)
{
	(void)arg, (void)place, (void)patch;
	return false;
}

static enum step
make_copy(struct keeper *k)
{
	struct engine_head	head;

	return copy_fetch(k->service, k->settings->engine, k->path,
	    &head) == ENGINE_DONE ? STEP_AGAIN : STEP_WAIT;
}

/*
 * At the first entry it may be more than a copy: a desk that was to be put into
 * an engine, which has another one's by now.
 */
static void
set_aside(const struct keeper *k, struct engine_place place)
{
	struct buf	to = { 0 };

	buf_printf(&to, "%s.%lld", k->path, (long long)place.reign);
	log_warn("engine: it has another store than %s, which is kept as %s",
	    k->path, to.base);
	if (rename(k->path, to.base) == -1)
		log_fatal("%s: %s", to.base, strerror(errno));
	buf_done(&to);
}

/* The engine has a store: the copy must be of its schema and in its log. */
static enum step
match(struct keeper *k, struct engine *engine, const struct engine_head *head)
{
	struct engine_place	place;
	enum engine_end		end;
	int64_t			schema, newest = store_newest_schema(k->service);

	if (head->schema > newest)
		log_refuse("the engine's store has schema %lld, newer than this "
		    "program's %lld: run the newer program", (long long)
		    head->schema, (long long)newest);
	if (!has_store(k))
		return make_copy(k);
	place = copy_look(k->path, &schema);
	refuse_own_desk(k, place);
	if (schema != head->schema)
		return make_copy(k);
	if (schema < newest)
		return bring_up(k, engine, head);
	end = engine_since(engine, place, ignore_entry, NULL);
	if (end == ENGINE_GONE && place.seq == 1)
		set_aside(k, place);
	return end == ENGINE_GONE ? make_copy(k) :
	    end == ENGINE_AWAY ? STEP_WAIT : STEP_READY;
}

/* Without the engine a copy is good for reads, if it has this schema. */
static enum step
do_without(struct keeper *k, const char *why)
{
	int64_t	schema;

	if (has_store(k) && store_is_ready(k->service, k->path)) {
		refuse_own_desk(k, copy_look(k->path, &schema));
		log_warn("engine: %s; reads go on from the copy", why);
		return STEP_READY;
	}
	return STEP_WAIT;
}

static enum step
next_step(struct keeper *k, struct engine *engine,
    const struct keeper_asks *asks)
{
	struct engine_head	head;

	switch (engine_look(engine, &head)) {
	case ENGINE_DONE:
		return match(k, engine, &head);
	case ENGINE_MISSING:
		if (!has_store(k))
			return make_first(k, asks);
		if (was_to_be_put(k))
			return put_first(k) == ENGINE_DONE ? STEP_AGAIN :
			    STEP_WAIT;
		log_refuse("the engine has no %s store, and stores/%s has one: "
		    "`flicketctl engine put` takes it over, or FLICKET_ENGINE "
		    "is wrong", service_name(k->service->id),
		    service_name(k->service->id));
	default:
		return do_without(k, engine_error(engine));
	}
}

void
keeper_init(struct keeper *k, const struct service *service,
    const struct settings *settings, const char *path, int64_t instance)
{
	const char	*why;

	if (settings->engine[0] == '\0')
		return;
	why = engine_refuse_conninfo(settings->engine);
	if (why != NULL)
		log_refuse("FLICKET_ENGINE: %s", why);
	k->service = service;
	k->settings = settings;
	k->path = path;
	k->instance = instance;
	k->reign.conninfo = settings->engine;
	name_host(k);
}

bool
keeper_prepare(struct keeper *k, const struct keeper_asks *asks)
{
	struct engine	*engine;
	int64_t		 said_ms = 0, now_ms;
	enum step	 step;
	bool		 stopped = false;

	engine = engine_new(k->settings->engine, k->service->id, NULL);
	while (!stopped && (step = next_step(k, engine, asks)) != STEP_READY) {
		now_ms = clock_ms();
		if (step == STEP_WAIT && (said_ms == 0 ||
		    now_ms - said_ms >= SAY_MS)) {
			said_ms = now_ms;
			log_warn("engine: waiting for it: %s",
			    engine_error(engine));
		}
		stopped = asks->is_stopped(asks->arg);
	}
	engine_destroy(&engine);
	return !stopped;
}

