/* Requests with a token, and what the user service says of it. */
#ifndef UNIT_LET_IN_H
#define UNIT_LET_IN_H

#include "exchange.h"
#include "fakes.h"

#include "base/clock.h"
#include "gateway/cache/tokens.h"
#include "gateway/core/identity.h"
#include "gateway/stage/identify.h"
#include "gateway/stage/permit.h"

static inline void
seen_clear(void)
{
	responded_clear();
	memset(&fake_bus, 0, sizeof(fake_bus));
}

/* SHA-256 of "abc", from FIPS 180 */
static const unsigned char	abc_hash[] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde,
	0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
	0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad
};

/* Let a token in that is "abc", with the cache as it is. */
static inline enum flow
show_token(struct visit *v, const char *method, const char *url,
    struct tokens *tokens, const char *header)
{
	enum op_code	none = OP_NONE;

	responded.error = OK;
	fake_bus.op = none;
	visit_begin(v, method, url);
	v->settings.token_stale_seconds = 60;
	v->worker.tokens = tokens;
	if (header != NULL)
		visit_header(v, H2O_TOKEN_AUTHORIZATION, header);
	v->x.stage = STAGE_IDENTIFY;
	return identify_begin(&v->x);
}

/* The user service has told of so many revocations. */
static inline void
hear(struct tokens *tokens, int64_t seq, const unsigned char *revoked)
{
	struct answer	a = { .error = OK };

	args_put_number(&a.extra, KEY_SEEN, seq);
	args_put_number(&a.extra, KEY_STREAM, 1);
	if (revoked != NULL)
		args_put_text(&a.extra, KEY_REVOKED, (struct text){
		    (const char *)revoked, TOKEN_HASH_BYTES });
	tokens_hear(tokens, &a, clock_ms());
}

/* Its answer on the token; as_of -1: an early one does not say. */
static inline struct answer
said(enum err e, int64_t rights, int64_t as_of)
{
	struct answer	a = { .error = e };

	args_put_number(&a.extra, KEY_USER_ID, 5);
	args_put_number(&a.extra, KEY_RIGHTS, rights);
	args_put_number(&a.extra, KEY_EXPIRES, INT64_MAX);
	if (as_of != -1)
		args_put_number(&a.extra, KEY_AS_OF, as_of);
	return a;
}

/* A worker that knows the token as one with these rights, and a request. */
static inline void
let_in(struct visit *v, struct tokens **tokens, const char *method,
    const char *url, int64_t rights)
{
	seen_clear();
	fake_bus.is_up = true;
	fake_bus.heard_ms = clock_ms();
	*tokens = tokens_new();
	hear(*tokens, 3, NULL);
	tokens_keep(*tokens, abc_hash, 5, rights, INT64_MAX);
	check_number(url, show_token(v, method, url, *tokens, "Bearer abc"),
	    FLOW_NEXT);
	check_number(url, permit_begin(&v->x), FLOW_NEXT);
	v->x.asked.count = 1;
}

#endif
