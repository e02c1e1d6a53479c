/*
 * What is sent to clients, kept: functions that take the place of libh2o's, as
 * the gateway's own do. To be included by one file of a test.
 */
#ifndef UNIT_SENT_H
#define UNIT_SENT_H

#include "exchange.h"

static struct {
	struct buf	body;
	unsigned	count;		/* of pieces */
	h2o_iovec_t	last;		/* of them, where it is */
} sent;

void
h2o_start_response(h2o_req_t *req, h2o_generator_t *g)
{
	(void)req, (void)g;
}

void
h2o_send(h2o_req_t *req, h2o_iovec_t *bufs, size_t bufcnt,
    h2o_send_state_t state)
{
	(void)req;
	assert_true(state == H2O_SEND_STATE_FINAL);
	sent.body.len = 0;
	sent.count = (unsigned)bufcnt;
	sent.last = bufcnt > 0 ? bufs[bufcnt - 1] : (h2o_iovec_t){ NULL, 0 };
	for (size_t i = 0; i < bufcnt; i++)
		buf_put(&sent.body, bufs[i].base, bufs[i].len);
}

static int
sent_stop(void **state)
{
	(void)state;
	buf_done(&sent.body);
	return 0;
}

/* A header of the answer, "" if it has none. */
static struct text
header_of(const struct visit *v, const char *name)
{
	return visit_response_header(&v->req, name);
}

static void
check_answer(const char *row, const struct visit *v, int status,
    struct text body)
{
	check_number(row, v->req.res.status, status);
	check_text(row, buf_text(&sent.body), body);
	check_number(row, (int64_t)v->req.res.content_length,
	    (int64_t)body.len);
	check_text(row, header_of(v, "content-type"), body.len == 0 ?
	    TEXT_OF("") : TEXT_OF("application/json"));
	check_number(row, metric_get(METRIC_HTTP_RESPONSES, (unsigned)
	    status / 100) - v->counted[status / 100], 1);
}

#endif
