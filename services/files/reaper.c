/* The thread that removes files. */
#include "services/files/reaper.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "services/files/receive.h"
#include "services/store/store.h"

#define TICK_MS		200	/* between two looks while there is work */

void
reaper_init(struct reaper *r, const struct service *service,
    const struct dir *d, struct incoming *incoming)
{
	*r = (struct reaper){ .service = service, .dir = d,
	    .incoming = incoming };
	CHECK(pthread_mutex_init(&r->lock, NULL) == 0);
	CHECK(pthread_cond_init(&r->wake, NULL) == 0);
}

/* --- the unlink queue ----------------------------------------------------- */

void
reaper_unlink_later(struct reaper *r, struct text name)
{
	struct reaper_unlink	*u;

	if (!dir_is_name(name))
		return;
	u = must_alloc(sizeof(*u) + name.len + 1);
	memcpy(u->name, name.base, name.len);
	u->since_ms = clock_ms();
	pthread_mutex_lock(&r->lock);
	u->next = r->unlinks;
	r->unlinks = u;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
}

static struct reaper_unlink *
take_queue(struct reaper *r)
{
	struct reaper_unlink	*list;

	pthread_mutex_lock(&r->lock);
	list = r->unlinks;
	r->unlinks = NULL;
	pthread_mutex_unlock(&r->lock);
	return list;
}

static void
run_queue(struct reaper *r, int64_t now_ms)
{
	struct reaper_unlink	*list = take_queue(r), *next;
	struct reaper_unlink	*kept = NULL, **tail = &kept;

	for (; list != NULL; list = next) {
		next = list->next;
		list->next = NULL;
		if (!dir_has_row(r->dir, r->db, list->name)) {
			dir_remove(r->dir, list->name);
			free(list);
		} else if (now_ms - list->since_ms > REAPER_WAIT_MS)
			free(list);
		else {
			*tail = list;
			tail = &list->next;
		}
	}
	pthread_mutex_lock(&r->lock);
	*tail = r->unlinks;
	r->unlinks = kept;
	pthread_mutex_unlock(&r->lock);
}

/* --- files on their way in ------------------------------------------------ */

/*
 * Whether a file has no row and cannot get one: with the writer's lock no
 * transaction is under way that could bring it.
 */
static bool
is_orphan(struct reaper *r, const char *name)
{
	bool	is;

	/* a transaction that lasts is not an error: it is tried again later */
	if (store_try(db_sqlite(r->db), "BEGIN IMMEDIATE") != 0)
		return false;
	is = !dir_has_row(r->dir, r->db, name);
	return db_rollback(r->db) && is;
}

static void
look_at_claimed(struct reaper *r, struct incoming_file *f, const char *name,
    bool late)
{
	if (dir_has_row(r->dir, r->db, name))
		(void)incoming_end_claim(r->incoming, f, name);
	else if (late && is_orphan(r, name) &&
	    incoming_end_claim(r->incoming, f, name))
		dir_remove(r->dir, name);
}

static void
look_at_incoming(struct reaper *r, struct incoming_file *f, int64_t now_ms)
{
	char	name[DIR_MADE_SIZE];
	bool	late;

	if (incoming_give_up(r->incoming, f, now_ms))
		receive_discard(r->incoming, f);
	else if (incoming_is_claimed(r->incoming, f, now_ms, name, &late))
		look_at_claimed(r, f, name, late);
}

void
reaper_look(struct reaper *r, int64_t now_ms)
{
	run_queue(r, now_ms);
	for (size_t i = 0; i < INCOMING_MOST && r->incoming != NULL; i++)
		look_at_incoming(r, &r->incoming->files[i], now_ms);
}

/* --- the thread ----------------------------------------------------------- */

static bool
has_no_work(const struct reaper *r)
{
	return r->unlinks == NULL &&
	    (r->incoming == NULL || incoming_count(r->incoming) == 0);
}

bool
reaper_is_idle(struct reaper *r)
{
	bool	is;

	pthread_mutex_lock(&r->lock);
	is = has_no_work(r);
	pthread_mutex_unlock(&r->lock);
	return is;
}

void
reaper_wake(struct reaper *r)
{
	pthread_mutex_lock(&r->lock);
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
}

bool
reaper_open(struct reaper *r)
{
	r->db = db_try_open(r->service, r->dir->store, false);
	return r->db != NULL;
}

void
reaper_close(struct reaper *r)
{
	db_close(&r->db);
}

/* Wait for work. False: the thread is to end. */
static bool
sleep_until_work(struct reaper *r)
{
	bool	stopping;

	pthread_mutex_lock(&r->lock);
	while (has_no_work(r) && !r->stopping)
		pthread_cond_wait(&r->wake, &r->lock);
	stopping = r->stopping;
	pthread_mutex_unlock(&r->lock);
	return !stopping;
}

/* Wait for a tick, or the end. Whether there is still work. */
static bool
sleep_for_tick(struct reaper *r)
{
	int64_t	until_ms = clock_ms() + TICK_MS, left_ms = TICK_MS;
	bool	goes_on;

	pthread_mutex_lock(&r->lock);
	while (!r->stopping && left_ms > 0) {
		(void)cond_wait_ms(&r->wake, &r->lock, left_ms);
		left_ms = until_ms - clock_ms();
	}
	goes_on = !has_no_work(r) && !r->stopping;
	pthread_mutex_unlock(&r->lock);
	return goes_on;
}

/*
 * The connection is open only while there is work: when the service ends, the
 * writer lane's has to be the last one, which writes the log back into the
 * database.
 */
static void *
reap_files(void *arg)
{
	struct reaper	*r = arg;

	while (sleep_until_work(r)) {
		if (!reaper_open(r)) {
			sleep_for_tick(r);
			continue;
		}
		while (sleep_for_tick(r))
			reaper_look(r, clock_ms());
		reaper_close(r);
	}
	return NULL;
}

void
reaper_start(struct reaper *r)
{
	if (access(r->dir->home, F_OK) == -1)
		return;
	if (pthread_create(&r->thread, NULL, reap_files, r) != 0)
		log_fatal("files: no thread can be started");
	r->started = true;
}

void
reaper_stop(struct reaper *r)
{
	struct reaper_unlink	*list, *next;

	if (r->started) {
		pthread_mutex_lock(&r->lock);
		r->stopping = true;
		pthread_cond_signal(&r->wake);
		pthread_mutex_unlock(&r->lock);
		pthread_join(r->thread, NULL);
		r->started = false;
	}
	for (list = take_queue(r); list != NULL; list = next) {
		next = list->next;
		free(list);
	}
}

/* A connection of its own: the thread may be using the other one. */
void
reaper_sweep(struct reaper *r)
{
	struct db	*db = db_try_open(r->service, r->dir->store, false);

	if (db == NULL)
		return;
	dir_sweep(r->dir, db);
	db_close(&db);
}
