/*
 * Stands in for the parts of the gateway that a test does not go through;
 * whatever a test brings itself takes the place of these.
 */
#include "gateway/http/connection.h"
#include "gateway/reply/cors.h"
#include "gateway/cutoff.h"
#include "gateway/core/exchange.h"
#include "gateway/reply/page.h"
#include "gateway/core/trace.h"

#define STAND_IN	__attribute__((weak))
#define ROOM(name) \
	STAND_IN enum flow \
	name(struct exchange *x) \
	{ \
		(void)x; \
		return FLOW_DONE; \
	}

ROOM(respond_unauthorized)
ROOM(upload_decode)
ROOM(upload_start)
ROOM(picture_decode)
ROOM(picture_answer)
ROOM(file_answer)
ROOM(export_answer)

STAND_IN void
exchange_end(struct exchange *x)
{
	(void)x;
}

STAND_IN void
exchange_hold(struct exchange *x, size_t bytes)
{
	x->held = bytes;
}

STAND_IN void
connection_answer(struct connection *c)
{
	(void)c;
}

STAND_IN void
cutoff_linger(h2o_req_t *req)
{
	(void)req;
}

STAND_IN enum flow
include_decode(struct exchange *x)
{
	(void)x;
	return FLOW_NEXT;
}

STAND_IN void
include_put(struct buf *b, const struct exchange *x)
{
	(void)b, (void)x;
}

STAND_IN const struct answer *
include_failure(const struct exchange *x)
{
	(void)x;
	return NULL;
}

STAND_IN uint64_t
include_tag(const struct exchange *x)
{
	(void)x;
	return 0;
}

STAND_IN bool
page_find(struct text path)
{
	(void)path;
	return false;
}

STAND_IN void
respond_header(struct exchange *x, const char *name, const char *value)
{
	(void)x, (void)name, (void)value;
}

STAND_IN bool
cors_is_preflight(const struct exchange *x)
{
	(void)x;
	return false;
}

STAND_IN void
cors_put_preflight(struct exchange *x, const char *methods)
{
	(void)x, (void)methods;
}

STAND_IN void
trace_put_timing(struct exchange *x)
{
	(void)x;
}
