/* The answer to a heartbeat. */
#include "services/op/op.h"

#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"

/* How many events are undelivered, how long the oldest has waited, and how many
 * are set aside. */
static void
put_outbox(struct args *extra)
{
	int64_t	events = 0, lag_ms = 0, aside = 0;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		events += metric_get(METRIC_UNDELIVERED, id);
		aside += metric_get(METRIC_SET_ASIDE, id);
		if (metric_get(METRIC_OUTBOX_LAG_MS, id) > lag_ms)
			lag_ms = metric_get(METRIC_OUTBOX_LAG_MS, id);
	}
	args_put_number(extra, KEY_UNDELIVERED, events);
	args_put_number(extra, KEY_OUTBOX_LAG_MS, lag_ms);
	args_put_number(extra, KEY_SET_ASIDE, aside);
}

/* The last events that are known of the stream that asks, and of others of its
 * source. */
static enum err
put_known_events(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_INBOX_KNOWN);

	if (stmt_next(&st)) {
		if (stmt_number(&st, 0) > 0)
			args_put_number(&c->answer.extra, KEY_SEQ,
			    stmt_number(&st, 0));
		args_put_number(&c->answer.extra, KEY_OTHER_SEQ,
		    stmt_number(&st, 1));
		/* where older services look for it */
		args_put_number(&c->answer.extra, KEY_AFTER,
		    stmt_number(&st, 1));
	}
	return op_end(c, &st, OK);
}

enum err
op_ping(struct call *c)
{
	const struct standing	*own = c->session->tables->standing;
	struct args		*extra = &c->answer.extra;
	enum err		 e = OK;

	if (args_has(&c->request.args, KEY_SOURCE))
		e = put_known_events(c);
	args_put_number(extra, KEY_CLOCK, clock_ms());
	args_put_number(extra, KEY_WRITES, own == NULL || own->writes);
	if (e != OK || own == NULL)
		return e;
	args_put_number(extra, KEY_INSTANCE, own->instance);
	args_put_number(extra, KEY_LEAVING, own->leaving);
	args_put_number(extra, KEY_LOADING, own->loading);
	args_put_text(extra, KEY_PROGRAM_VERSION,
	    (struct text){ FLICKET_VERSION, strlen(FLICKET_VERSION) });
	args_put_number(extra, KEY_QUEUED, own->queued);
	args_put_number(extra, KEY_UPTIME_MS, clock_ms() - own->began_ms);
	args_put_number(extra, KEY_SCHEMA, own->schema);
	if (own->entry != 0)
		args_put_number(extra, KEY_ENTRY, own->entry);
	put_outbox(extra);
	return OK;
}
