/* A token's bucket, and the header fields that tell of it. */
#include "gateway/stage/limit.h"

#include <time.h>

#include "gateway/cache/limit.h"
#include "gateway/reply/respond.h"

#define SECOND_NS	INT64_C(1000000000)

static int64_t
now_ns(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

/*
 * draft-ietf-httpapi-ratelimit-headers-09: q requests in w seconds; r are
 * left, and t seconds until all are there again. If r is 0, t is when the next
 * is there, which Retry-After says, too.
 */
static void
put_headers(struct exchange *x, const struct limit *l)
{
	char	value[96];

	snprintf(value, sizeof(value), "\"token\";q=%lld;w=%d",
	    (long long)x->worker->gateway->settings->rate_limit,
	    LIMIT_WINDOW_S);
	respond_header(x, "RateLimit-Policy", value);
	snprintf(value, sizeof(value), "\"token\";r=%lld;t=%lld",
	    (long long)l->left, (long long)(l->left > 0 ? l->full_s :
	    l->wait_s));
	respond_header(x, "RateLimit", value);
}

/* Logins have no token; theirs is a limit of failures (services/user). */
enum flow
limit_begin(struct exchange *x)
{
	struct limits	*limits = x->worker->gateway->limits;
	struct answer	 refusal = { .error = ERR_RATE_LIMITED };
	struct limit	 l;

	if (limits == NULL || x->user_id == 0 || route_has_password(x->route))
		return FLOW_NEXT;
	limits_take(limits, x->identity.token_hash, now_ns(), &l);
	put_headers(x, &l);
	if (l.allowed)
		return FLOW_NEXT;
	args_put_number(&refusal.extra, KEY_RETRY_AFTER, l.wait_s);
	return respond_refusal(x, &refusal);
}
