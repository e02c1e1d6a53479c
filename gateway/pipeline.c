/* The stages of a request, in their order. */
#include "gateway/pipeline.h"

#include "gateway/core/exchange.h"
#include "gateway/reply/cors.h"

/* What all answers have, errors too. */
static enum flow
stage_cors(struct exchange *x)
{
	cors_begin(x->worker->gateway, x->req);
	return FLOW_NEXT;
}

static const struct stage stages[STAGE_END] = {
	[STAGE_CORS] = { "cors", stage_cors },
	[STAGE_ADMIT] = { "admit", stage_admit },
	[STAGE_MATCH] = { "match", stage_match },
	[STAGE_IDENTIFY] = { "identify", stage_identify },
	[STAGE_IDENTIFIED] = { "identified", stage_identified },
	[STAGE_LIMIT] = { "limit", stage_limit },
	[STAGE_PERMIT] = { "permit", stage_permit },
	[STAGE_DECODE] = { "decode", stage_decode },
	[STAGE_ASK] = { "ask", stage_ask },
	[STAGE_ASKED] = { "asked", stage_asked },
	[STAGE_RECALLED] = { "recalled", stage_recalled },
	[STAGE_UPLOAD] = { "upload", stage_upload },
	[STAGE_CONFIRM] = { "confirm", stage_confirm },
	[STAGE_CONFIRMED] = { "confirmed", stage_confirmed },
	[STAGE_SEND] = { "send", stage_send },
	[STAGE_SENT] = { "sent", stage_sent },
	[STAGE_INCLUDE] = { "include", stage_include },
	[STAGE_INCLUDED] = { "included", stage_included },
	[STAGE_STILL] = { "still", stage_still },
	[STAGE_HELD] = { "held", stage_held },
	[STAGE_ANSWER] = { "answer", stage_answer },
};

void
pipeline_start(struct worker *w, h2o_req_t *req)
{
	exchange_start(w, req, stages);
}
