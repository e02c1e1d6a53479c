/* Calls that are kept, and a list of spare ones. */
#include "services/runtime/lane/calls.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define SPARE_MOST	256	/* calls */
#define SPARE_BYTES	16384	/* calls with more memory are freed */

void
call_clear(struct call *c)
{
	c->op = NULL;
	args_clear(&c->request.args);
	c->answer.total = c->answer.tag = 0;
	args_clear(&c->answer.extra);
	c->fragment.len = 0;
	c->text.len = 0;
	c->message.len = 0;
	c->rows = 0;
	for (int i = 0; i < OP_REFS; i++)
		c->refs[i].len = 0;
	c->emitted = c->entry = 0;
	c->tallied = c->store_failed = false;
	c->put_aside = c->ran_over = c->passing = false;
	c->made = NULL;
	c->hold_until_ms = 0;
	c->next = NULL;
}

void
call_done(struct call *c)
{
	buf_done(&c->fragment);
	buf_done(&c->text);
	buf_done(&c->message);
	for (int i = 0; i < OP_REFS; i++)
		buf_done(&c->refs[i]);
	buf_done(&c->held_bytes);
}

static struct call *
take_spare(struct calls *calls)
{
	struct call	*c = calls->spare;

	if (c == NULL)
		return must_alloc(sizeof(*c));
	calls->spare = c->next;
	calls->spares--;
	return c;
}

struct call *
calls_keep(struct calls *calls, const struct request *r, struct text peer)
{
	struct call	*c = take_spare(calls);
	size_t		 id_at = peer.len;

	c->held_bytes.len = 0;
	buf_put(&c->held_bytes, peer.base, peer.len);
	buf_put(&c->held_bytes, r->request_id.base, r->request_id.len);
	buf_put(&c->held_bytes, r->trace.base, r->trace.len);
	c->request = *r;
	args_copy(&c->request.args, &r->args, &c->text);
	c->kept_bytes = c->text.len;
	calls->count++;
	calls->bytes += c->kept_bytes;
	c->peer = (struct text){ c->held_bytes.base, peer.len };
	c->request.request_id = (struct text){ c->held_bytes.base + id_at,
	    r->request_id.len };
	c->request.trace = (struct text){ c->held_bytes.base + id_at +
	    r->request_id.len, r->trace.len };
	c->began_us = clock_us();
	return c;
}

static void
free_call(struct call *c)
{
	call_done(c);
	free(c);
}

void
calls_release(struct calls *calls, struct call *c)
{
	calls->count--;
	calls->bytes -= c->kept_bytes;
	if (calls->spares == SPARE_MOST ||
	    c->text.size + c->fragment.size > SPARE_BYTES) {
		free_call(c);
		return;
	}
	call_clear(c);
	c->next = calls->spare;
	calls->spare = c;
	calls->spares++;
}

void
calls_done(struct calls *calls)
{
	struct call	*c;

	while ((c = calls->spare) != NULL) {
		calls->spare = c->next;
		free_call(c);
	}
	calls->spares = 0;
}
