/* The threads of the lanes. */
#include "services/runtime/lane/lanes.h"

#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/process/actor.h"
#include "services/store/checkpoint.h"
#include "services/store/store.h"

#define BATCH_MOST	512	/* calls in one transaction */
#define SLOW_NICE	10

void
lane_send(void *pipe, struct call *c)
{
	/* pipes have no bound (queue.h bounds the calls): this can fail only
	 * if the context is gone */
	CHECK(zmq_send(zsock_resolve(pipe), &c, sizeof(c), 0) == sizeof(c));
}

struct call *
lane_receive(void *pipe, bool wait, bool *ret_terminated)
{
	union {
		struct call	*call;
		char		 command[8];	/* czmq says "$TERM" */
	} message;
	int	len;

	*ret_terminated = false;
	do
		len = zmq_recv(zsock_resolve(pipe), &message, sizeof(message),
		    wait ? 0 : ZMQ_DONTWAIT);
	while (len == -1 && errno == EINTR);
	if (len == sizeof(struct call *))
		return message.call;
	*ret_terminated = len != -1 || errno == ETERM;
	return NULL;
}

/* Whether a call is to be refused: it is late, or the process stops. */
static bool
is_refused(const struct session *session, const struct call *c, enum err *ret)
{
	*ret = ERR_EXPIRED;
	if (session->stopping != NULL && atomic_load(session->stopping)) {
		*ret = ERR_UNAVAILABLE;
		return true;
	}
	return c->request.expires_ms != 0 &&
	    clock_ms() > c->request.expires_ms;
}

static void
answer_error(struct call *c, enum err e)
{
	c->answer = (struct answer){ .id = c->request.id, .error = e };
	c->emitted = 0;
	c->tallied = false;
}

/* On Linux a thread has a nice value of its own. If the system refuses it, the
 * lane works all the same. */
static void
set_nice(int nice)
{
	(void)setpriority(PRIO_PROCESS, 0, nice);
}

/* --- writer ------------------------------------------------------------- */

/*
 * Run a call in a savepoint: what it wrote stays only if it succeeded. False if
 * that is not sure.
 */
static bool
write_one(struct session *session, struct call *c)
{
	enum err	e;

	if (is_refused(session, c, &e)) {
		answer_error(c, e);
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
 * Run calls in one transaction. False if none of them is in the store: a full
 * disk or an I/O error makes SQLite roll back the transaction by itself.
 */
static bool
write_batch(struct session *session, struct call **batch, size_t count)
{
	bool	sure = db_begin_write(session->db);
	int64_t	before = db_rows_changed(session->db);
	int64_t	began_us;

	for (size_t i = 0; i < count && sure; i++)
		sure = write_one(session, batch[i]) &&
		    db_in_transaction(session->db);
	began_us = clock_us();
	if (sure && db_commit(session->db)) {
		metric_observe(METRIC_COMMITS, 0, clock_us() - began_us);
		metric_observe(METRIC_COMMIT_CALLS, 0, (int64_t)count);
		metric_observe(METRIC_COMMIT_ROWS, 0,
		    db_rows_changed(session->db) - before);
		return true;
	}
	/* nothing could be written behind a transaction that does not end: the
	 * supervisor starts the process again */
	if (db_in_transaction(session->db) && !db_rollback(session->db))
		log_fatal("store: a transaction cannot be rolled back");
	return false;
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

static void
run_batch(struct session *session, zsock_t *pipe, struct call **batch,
    size_t count)
{
	bool	done = write_batch(session, batch, count) &&
		    is_durable(session);

	for (size_t i = 0; i < count; i++) {
		if (!done)
			answer_error(batch[i], ERR_STORE);
		lane_send(pipe, batch[i]);
	}
}

static void
writer_run(zsock_t *pipe, void *arg)
{
	struct lane_args	*args = arg;
	struct session		 session;
	struct checkpoint	*checkpoint;
	struct call		*batch[BATCH_MOST];
	size_t			 count;
	bool			 terminated = false;

	session_open(&session, args->tables, args->path, false);
	session.stopping = &args->stopping;
	session.lock = args->lock;
	checkpoint = checkpoint_start(db_sqlite(session.db), args->path);
	zsock_signal(pipe, 0);
	while (!terminated) {
		count = 0;
		batch[count] = lane_receive(pipe, true, &terminated);
		while (batch[count] != NULL && ++count < BATCH_MOST)
			batch[count] = lane_receive(pipe, false, &terminated);
		if (count == 0)
			continue;
		run_batch(&session, pipe, batch, count);
		checkpoint_look(checkpoint);
	}
	checkpoint_stop(&checkpoint);
	session_close(&session);
}

zactor_t *
writer_start(struct lane_args *args)
{
	return actor_new(writer_run, args);
}

/* --- slow --------------------------------------------------------------- */

static void
slow_run(zsock_t *pipe, void *arg)
{
	struct lane_args	*args = arg;
	struct session		 session;
	struct call		*c;
	enum err		 e;
	bool			 terminated = false;

	set_nice(SLOW_NICE);
	session_open(&session, args->tables, args->path, true);
	session.stopping = &args->stopping;
	zsock_signal(pipe, 0);
	while (!terminated) {
		(void)lane_receive(pipe, true, &terminated);
		/* at its end, calls are left for the session that follows */
		c = terminated ? NULL : slow_take(args->waiting);
		if (c == NULL)
			continue;
		op_log_begin(&c->request);
		if (is_refused(&session, c, &e))
			answer_error(c, e);
		else
			op_call(&session, c);
		log_done();
		lane_send(pipe, c);
	}
	session_close(&session);
}

zactor_t *
slow_start(struct lane_args *args)
{
	return actor_new(slow_run, args);
}

/* The lane chooses the call when it takes it. */
void
slow_wake(zactor_t *slow)
{
	lane_send(slow, NULL);
}

/* --- aside -------------------------------------------------------------- */

/* Asked now and then by what runs (db_end_when()). */
static bool
is_to_end(void *arg)
{
	struct session	*session = arg;

	if (session->until_us != 0 && (clock_us() > session->until_us ||
	    atomic_load(session->stopping)))
		session->over = true;
	return session->over;
}

/* Make what the loop goes on with; where nothing is made, run all of it. */
static void
run_aside(struct session *session, struct call *c)
{
	if (c->op->aside == NULL) {
		/* another session may have begun it */
		c->rows = 0;
		for (int i = 0; i < OP_REFS; i++)
			c->refs[i].len = 0;
		c->answer = (struct answer){ .id = c->request.id };
		op_call(session, c);
		return;
	}
	c->answer.error = c->op->aside(c);
	/* as op_call() does */
	args_keep(&c->answer.extra, K(MESSAGE));
}

static void
make_aside(struct session *session, struct call *c, int64_t most_us)
{
	c->session = session;
	session->until_us = clock_us() + most_us;
	c->answer.id = c->request.id;
	c->answer.error = ERR_STORE;
	if (db_begin_read(session->db))
		run_aside(session, c);
	c->ran_over = session->over;
	session->until_us = 0;
	session->over = false;
	if (db_in_transaction(session->db) && !db_commit(session->db))
		log_fatal("store: a transaction that reads cannot be ended");
}

static void
aside_run(zsock_t *pipe, void *arg)
{
	struct lane_args	*args = arg;
	struct session		 session;
	struct call		*c;
	enum err		 e;
	bool			 refused, terminated = false;

	set_nice(args->nice);
	session_open(&session, args->tables, args->path, true);
	session.stopping = &args->stopping;
	db_end_when(session.db, is_to_end, &session);
	zsock_signal(pipe, 0);
	while (!terminated) {
		c = lane_receive(pipe, true, &terminated);
		if (c == NULL)
			continue;
		op_log_begin(&c->request);
		refused = is_refused(&session, c, &e);
		if (!refused) {
			make_aside(&session, c, args->most_us);
			/* it may have been broken off */
			refused = c->answer.error != OK &&
			    is_refused(&session, c, &e);
		}
		if (refused) {
			answer_error(c, e);
			c->ran_over = false;
		}
		log_done();
		lane_send(pipe, c);
	}
	session_close(&session);
}

zactor_t *
aside_start(struct lane_args *args)
{
	return actor_new(aside_run, args);
}
