/* The stages of a request, from its first to its answer. */
#include "gateway/pipeline.h"

#include "gateway/core/exchange.h"
#include "gateway/reply/cors.h"
#include "gateway/stage/admit.h"
#include "gateway/stage/answer.h"
#include "gateway/stage/ask.h"
#include "gateway/stage/confirm.h"
#include "gateway/stage/decode.h"
#include "gateway/stage/identify.h"
#include "gateway/stage/include.h"
#include "gateway/stage/limit.h"
#include "gateway/stage/match.h"
#include "gateway/stage/permit.h"
#include "gateway/stage/send.h"
#include "gateway/stage/upload.h"

/* Header fields that all answers have, errors too. */
static enum flow
cors_stage(struct exchange *x)
{
	cors_begin(x->worker->gateway, x->req);
	return FLOW_NEXT;
}

#define TO(NAME)	(1U << STAGE_##NAME)

/*
 * Each goes on with the next, or with the one that its last column names: a
 * request that others refuse is not sent; with other rights than before they are
 * asked again; a write that waited too long is confirmed again; and what was read
 * with other rights is read again.
 */
static const struct stage stages[STAGE_END] = {
	[STAGE_CORS] = { "cors", cors_stage },
	[STAGE_ADMIT] = { "admit", admit_begin },
	[STAGE_MATCH] = { "match", match_begin },
	[STAGE_IDENTIFY] = { "identify", identify_begin, identify_done },
	[STAGE_LIMIT] = { "limit", limit_begin },
	[STAGE_PERMIT] = { "permit", permit_begin },
	[STAGE_DECODE] = { "decode", decode_begin },
	[STAGE_ASK] = { "ask", ask_begin, ask_done, TO(RECHECK) },
	[STAGE_UPLOAD] = { "upload", upload_begin },
	[STAGE_CONFIRM] = { "confirm", confirm_begin, confirm_done, TO(ASK) },
	[STAGE_SEND] = { "send", send_begin, send_done, TO(CONFIRM) },
	[STAGE_INCLUDE] = { "include", include_begin, include_done },
	[STAGE_RECHECK] = { "recheck", recheck_begin, recheck_done, TO(SEND) },
	[STAGE_ANSWER] = { "answer", answer_begin },
};

const struct stage *
pipeline_stages(void)
{
	return stages;
}

void
pipeline_start(struct worker *w, h2o_req_t *req)
{
	exchange_start(w, req, stages);
}
