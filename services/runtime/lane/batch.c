/* Writes in one transaction. */
#include "services/runtime/lane/batch.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "services/runtime/lane/pipe.h"
#include "services/store/store.h"

/*
 * Run a call in a savepoint: what it wrote stays only if it succeeded. False if
 * that is not sure.
 */
static bool
write_one(struct session *session, struct call *c)
{
	enum err	e;

	if (lane_is_refused(session, c, &e)) {
		lane_answer_error(c, e);
		return true;
	}
	if (!db_savepoint(session->db))
		return false;
	op_log_begin(&c->request);
	op_call(session, c);
	log_done();
	if (c->answer.error != OK) {
		c->emitted = 0;
		c->tallied = false;
		if (!db_savepoint_undo(session->db))
			return false;
	}
	return db_savepoint_end(session->db);
}

/*
 * A full disk or an I/O error makes SQLite roll back the transaction by itself.
 * Nothing could be written behind a transaction that does not end: the supervisor
 * starts the process again.
 */
static void
undo_batch(struct session *session)
{
	if (db_in_transaction(session->db) && !db_rollback(session->db))
		log_fatal("store: a transaction cannot be rolled back");
}

/*
 * Whether what was just committed will be there after the next start. If that
 * is not sure, it is not answered as done, although reads see it.
 */
static bool
is_durable(const struct session *session)
{
	if (!store_is_sound(session->lock)) {
		log_error("store: its file system takes no writes any more; "
		    "what was committed may be lost: %s", strerror(errno));
		return false;
	}
	if (db_is_in_place(session->db))
		return true;
	log_error("store: %s or its log was moved or removed; what was "
	    "committed is lost", db_path(session->db));
	return false;
}

static enum batch_end
commit_batch(struct session *session)
{
	enum batch_end	end;

	if (db_commit(session->db))
		return is_durable(session) ? BATCH_DONE : BATCH_UNKNOWN;
	end = db_is_in_doubt(session->db) ? BATCH_UNKNOWN : BATCH_NOT_DONE;
	undo_batch(session);
	return end;
}

/*
 * What the engine has is done: the copy has it now, or will have it from the
 * log.
 */
static enum batch_end
commit_copy(struct session *session, struct publish *publish)
{
	enum publish_end	end = publish_batch(publish);

	if (end == PUBLISH_DONE && db_commit(session->db)) {
		publish_committed(publish);
		return BATCH_DONE;
	}
	undo_batch(session);
	if (end == PUBLISH_DONE) {
		publish_lost(publish);
		return BATCH_DONE;
	}
	if (end == PUBLISH_UNKNOWN)
		return BATCH_UNKNOWN;
	return publish_is_over(publish) ? BATCH_MOVED : BATCH_NOT_DONE;
}

/* Begin, and run all calls. False: it is not sure what was written. */
static bool
run_calls(struct session *session, struct publish *publish,
    struct call **batch, size_t count)
{
	bool	sure = db_begin_write(session->db) &&
		    (publish == NULL || publish_begin(publish));

	for (size_t i = 0; i < count && sure; i++)
		sure = write_one(session, batch[i]) &&
		    db_in_transaction(session->db);
	return sure;
}

enum batch_end
batch_write(struct session *session, struct publish *publish,
    struct call **batch, size_t count)
{
	int64_t		before = db_rows_changed(session->db), began_us;
	enum batch_end	end;

	if (!run_calls(session, publish, batch, count)) {
		undo_batch(session);
		return publish != NULL && publish_is_over(publish) ?
		    BATCH_MOVED : BATCH_NOT_DONE;
	}
	began_us = clock_us();
	end = publish == NULL ? commit_batch(session) :
	    commit_copy(session, publish);
	if (end == BATCH_DONE) {
		metric_observe(METRIC_COMMITS, 0, clock_us() - began_us);
		metric_observe(METRIC_COMMIT_CALLS, 0, (int64_t)count);
		metric_observe(METRIC_COMMIT_ROWS, 0,
		    db_rows_changed(session->db) - before);
	}
	return end;
}

void
batch_run(struct session *session, struct publish *publish, zsock_t *pipe,
    struct call **batch, size_t count)
{
	static const enum err	errors[] = {
		[BATCH_NOT_DONE] = ERR_STORE,
		[BATCH_MOVED] = ERR_UNAVAILABLE,
		[BATCH_UNKNOWN] = ERR_OUTCOME_UNKNOWN,
	};
	enum batch_end		end;

	end = batch_write(session, publish, batch, count);
	for (size_t i = 0; i < count; i++) {
		if (end != BATCH_DONE)
			lane_answer_error(batch[i], errors[end]);
		else if (publish != NULL)
			batch[i]->entry = publish_entry(publish);
		lane_send(pipe, batch[i]);
	}
}
