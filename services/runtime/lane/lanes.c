/* The threads of the lanes. */
#include "services/runtime/lane/lanes.h"

#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/process/actor.h"
#include "services/runtime/lane/batch.h"
#include "services/runtime/lane/pipe.h"
#include "services/store/checkpoint.h"

#define SLOW_NICE	10

/* On Linux a thread has a nice value of its own. If the system refuses it, the
 * lane works all the same. */
static void
set_nice(int nice)
{
	(void)setpriority(PRIO_PROCESS, 0, nice);
}

/* --- writer ------------------------------------------------------------- */

static void
writer_run(zsock_t *pipe, void *arg)
{
	struct lane_args	*args = arg;
	struct session		 session;
	struct checkpoint	*checkpoint;
	struct publish		*publish = NULL;
	struct call		*batch[BATCH_MOST];
	size_t			 count;
	bool			 terminated = false;

	session_open(&session, args->tables, args->path, false);
	session.stopping = &args->stopping;
	session.lock = args->lock;
	if (args->reign != NULL)
		publish = publish_open(args->reign, args->tables->service->id,
		    db_sqlite(session.db), &args->stopping);
	checkpoint = checkpoint_start(db_sqlite(session.db), args->path);
	zsock_signal(pipe, 0);
	while (!terminated) {
		count = 0;
		batch[count] = lane_receive(pipe, true, &terminated);
		while (batch[count] != NULL && ++count < BATCH_MOST)
			batch[count] = lane_receive(pipe, false, &terminated);
		if (count == 0)
			continue;
		batch_run(&session, publish, pipe, batch, count);
		checkpoint_look(checkpoint);
	}
	checkpoint_stop(&checkpoint);
	publish_close(&publish);
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
		if (lane_is_refused(&session, c, &e))
			lane_answer_error(c, e);
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
	args_keep(&c->answer.extra, K(MESSAGE, CODE, FIELD));
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
		refused = lane_is_refused(&session, c, &e);
		if (!refused) {
			make_aside(&session, c, args->most_us);
			/* it may have been broken off */
			refused = c->answer.error != OK &&
			    lane_is_refused(&session, c, &e);
		}
		if (refused) {
			lane_answer_error(c, e);
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
