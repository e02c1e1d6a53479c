/* The head goes with the first piece, which is there already. */
#include "gateway/reply/export.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/core/identity.h"
#include "gateway/core/trace.h"
#include "gateway/http/header.h"
#include "gateway/reply/compress.h"
#include "gateway/reply/fragment.h"
#include "gateway/reply/respond.h"

#define PIECE	0	/* the part under which pieces are asked for */

struct export {
	h2o_generator_t	 generator;
	struct exchange	*x;
	struct buf	 piece;
	struct compress_pieces pieces;	/* of it, what h2o is sending */
	struct text	 cursor;	/* "": that was all */
};

static void
on_export_gone(void *data)
{
	struct export	*e = data;

	buf_done(&e->piece);
	compress_end(&e->pieces);
}

/* The cursor must outlive the answer that it came in. */
static void
take_export_piece(struct export *e, const struct answer *a)
{
	struct text	cursor = args_text(&a->extra, KEY_CURSOR);
	h2o_iovec_t	copy = h2o_strdup(&e->x->req->pool, cursor.base,
			    cursor.len);

	e->cursor = (struct text){ copy.base, copy.len };
	e->piece.len = 0;
	fragment_put(&e->piece, e->x, a->fragment);
	e->pieces.left = buf_text(&e->piece);
}

static void
send_export_piece(struct export *e)
{
	bool		has_next = e->cursor.len > 0;
	h2o_iovec_t	bytes;

	if (e->x->is_head) {
		h2o_send(e->x->req, NULL, 0, H2O_SEND_STATE_FINAL);
		return;
	}
	bytes = compress_next(e->x, &e->pieces, !has_next);
	exchange_hold(e->x, e->piece.size + e->pieces.out.size);
	h2o_send(e->x->req, &bytes, bytes.len == 0 ? 0 : 1,
	    has_next || e->pieces.left.len > 0 ? H2O_SEND_STATE_IN_PROGRESS :
	    H2O_SEND_STATE_FINAL);
}

/* A list that breaks off must not look like one that ends. */
static void
break_off_export(struct exchange *x, enum err e)
{
	log_warn("an export broke off: %s", err_info(e)->reason);
	metric_add(METRIC_CUT_OFF, e, 0, 1);
	h2o_send(x->req, NULL, 0, H2O_SEND_STATE_ERROR);
}

static void
on_identity(struct exchange *x, enum err e)
{
	if (e == OK)
		send_export_piece(x->export);
	else
		break_off_export(x, e);
}

static void
on_export_part(struct exchange *x, unsigned part, const struct answer *a)
{
	if (part == IDENTITY_PART) {
		identity_part(x, a);
		return;
	}
	if (a->error != OK) {
		break_off_export(x, a->error);
		return;
	}
	take_export_piece(x->export, a);
	identity_check(x, on_identity);
}

static void
on_export_proceed(h2o_generator_t *generator, h2o_req_t *req)
{
	struct export	*e = H2O_STRUCT_FROM_MEMBER(struct export, generator,
			    generator);
	const struct settings *s = e->x->worker->gateway->settings;
	enum op_code	 op = e->x->route->op;
	int64_t		 timeout_ms = exchange_timeout(e->x, op);
	struct args	 args = e->x->args;

	(void)req;
	if (e->pieces.left.len > 0) {
		send_export_piece(e);
		return;
	}
	args_put_text(&args, KEY_CURSOR, e->cursor);
	trace_log_begin(e->x);
	exchange_ask_part(e->x, PIECE, op, &args, timeout_ms != 0 ?
	    timeout_ms : s->request_timeout_ms);
	log_done();
}

enum flow
export_answer(struct exchange *x)
{
	struct export	*e = h2o_mem_alloc_shared(&x->req->pool, sizeof(*e),
			    on_export_gone);
	h2o_req_t	*req = x->req;
	bool		 is_csv = x->route->reply == REPLY_CSV;
	const char	*type = is_csv ? "text/csv; charset=utf-8" :
			    "application/x-ndjson";

	memset(e, 0, sizeof(*e));
	e->x = x;
	e->generator.proceed = on_export_proceed;
	x->export = e;
	x->on_part = on_export_part;
	header_omit_length(req);
	h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE,
	    "Content-Type", type, strlen(type));
	respond_header(x, "Content-Disposition", is_csv ?
	    "attachment; filename=\"tickets.csv\"" :
	    "attachment; filename=\"tickets.ndjson\"");
	respond_header(x, "X-Content-Type-Options", "nosniff");
	take_export_piece(e, x->answer);
	e->pieces.is_on = compress_is_wanted(x, type, e->cursor.len > 0 ?
	    COMPRESS_UNKNOWN : e->piece.len);
	if (e->pieces.is_on)
		compress_mark(x);
	respond_begin(x, 200);
	h2o_start_response(req, &e->generator);
	send_export_piece(e);
	return FLOW_DONE;
}
