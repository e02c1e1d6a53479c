/*
 * The thread that writes a log back, and when it does.
 *
 * Rule: never begin a checkpoint of a log that is all written back. SQLite
 * before 3.51.3 (3.50.7, 3.44.6) loses pages if a commit restarts such a log in
 * the instant in which another connection begins a checkpoint of it
 * (sqlite.org/wal.html#walresetbug). So the thread is asked only when pages are
 * known to be left, the writer begins no checkpoint while the thread works, and
 * no other process may write back the log of a store that is in use.
 */
#include "services/store/checkpoint_private.h"

#include <czmq.h>
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/process/actor.h"
#include "services/store/store.h"

#define PAUSE_MS	1000	/* after a failure */
#define DONE_UNKNOWN	-1	/* another checkpoint was running */

/* --- the thread ---------------------------------------------------------- */

void
checkpoint_write_back(struct checkpoint *k, sqlite3 *db)
{
	int	done, result;

	/* passive: it waits for no reader or writer, and none for it */
	result = sqlite3_wal_checkpoint_v2(db, "main",
	    SQLITE_CHECKPOINT_PASSIVE, NULL, &done);
	if (result == SQLITE_OK || (result & 0xff) == SQLITE_BUSY) {
		atomic_store(&k->done, result == SQLITE_OK ? done :
		    DONE_UNKNOWN);
		return;
	}
	log_error("store %s: its log cannot be written back, and grows: %s",
	    k->path, sqlite3_errmsg(db));
	atomic_store(&k->pause_ms, clock_ms() + PAUSE_MS);
}

/* False when it is time to end. */
static bool
wait_for_wish(zsock_t *pipe)
{
	char	command[8];	/* a wish is one byte, czmq says "$TERM" */
	int	len;

	do
		len = zmq_recv(zsock_resolve(pipe), command, sizeof(command), 0);
	while (len == -1 && errno == EINTR);
	return len == 1;
}

static void
checkpoint_run(zsock_t *pipe, void *arg)
{
	struct checkpoint	*k = arg;
	sqlite3			*db = store_open(k->path, false);

	zsock_signal(pipe, 0);
	while (wait_for_wish(pipe)) {
		checkpoint_write_back(k, db);
		atomic_store(&k->busy, false);
	}
	sqlite3_close(db);
}

/* --- the writer ---------------------------------------------------------- */

static int
on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct checkpoint	*k = arg;

	(void)db;
	(void)name;
	k->pages = pages;
	return SQLITE_OK;
}

struct checkpoint *
checkpoint_start(sqlite3 *db, const char *path)
{
	struct checkpoint	*k = must_alloc(sizeof(*k));

	k->db = db;
	k->path = path;
	k->actor = actor_new(checkpoint_run, k);
	/* in the place of SQLite's own */
	sqlite3_wal_hook(db, on_commit, k);
	return k;
}

void
checkpoint_stop(struct checkpoint **self_p)
{
	struct checkpoint	*k = *self_p;

	if (k == NULL)
		return;
	sqlite3_wal_hook(k->db, NULL, NULL);
	zactor_destroy(&k->actor);
	free(k);
	*self_p = NULL;
}

static void
ask_thread(struct checkpoint *k)
{
	k->passed = true;
	atomic_store(&k->busy, true);
	CHECK(zmq_send(zsock_resolve(k->actor), "", 1, 0) == 1);
}

/* How much of the log is written back: all, if that is not known. */
static int
pages_done(struct checkpoint *k)
{
	int	done = atomic_load(&k->done);

	if (done == DONE_UNKNOWN)
		atomic_store(&k->done, done = k->pages);
	else if (done > k->pages)	/* of the log before this one */
		atomic_store(&k->done, done = 0);
	return done;
}

void
checkpoint_look(struct checkpoint *k)
{
	int	done;

	if (k->pages < k->seen) {	/* it has begun anew */
		atomic_store(&k->done, 0);
		k->tried = 0;
		k->passed = false;
	}
	k->seen = k->pages;
	if (atomic_load(&k->busy) || clock_ms() < atomic_load(&k->pause_ms))
		return;
	done = pages_done(k);
	if (k->passed && done < k->pages && k->pages >= LOG_PAGES &&
	    k->pages - k->tried >= AGAIN_PAGES) {
		k->tried = k->pages;
		checkpoint_write_back(k, k->db);
	} else if (k->pages - done >= PASS_PAGES)
		ask_thread(k);
}
