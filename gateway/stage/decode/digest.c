/* Digests of requests that have an Idempotency-Key. */
#include "gateway/stage/decode/digest.h"

#include <sodium.h>

#include "gateway/http/header.h"
#include "gateway/stage/decode/json_body.h"

static void
begin_digest(const h2o_req_t *req, crypto_generichash_state *ret)
{
	crypto_generichash_init(ret, NULL, 0, crypto_generichash_BYTES);
	crypto_generichash_update(ret, (const unsigned char *)
	    req->method.base, req->method.len);
	crypto_generichash_update(ret, (const unsigned char *)
	    req->input.path.base, req->input.path.len);
	crypto_generichash_update(ret, (const unsigned char *)"\0", 1);
}

void
digest_put_request(struct exchange *x)
{
	crypto_generichash_state	 state;
	const h2o_req_t			*req = x->req;
	unsigned char			*digest = h2o_mem_alloc_pool(
					    &x->req->pool,
					    crypto_generichash_BYTES);

	begin_digest(req, &state);
	crypto_generichash_update(&state, (const unsigned char *)
	    req->entity.base, req->entity.len);
	crypto_generichash_final(&state, digest, crypto_generichash_BYTES);
	args_put_text(&x->args, KEY_DIGEST, (struct text){
	    (const char *)digest, crypto_generichash_BYTES });
}

static int
update_digest(const char *bytes, size_t len, void *state)
{
	return crypto_generichash_update(state, (const unsigned char *)bytes,
	    len);
}

void
digest_put_meaning(struct exchange *x, json_t *body)
{
	crypto_generichash_state	 state;
	unsigned char			*digest;

	if (header_value(x->req, "idempotency-key").len == 0)
		return;
	digest = h2o_mem_alloc_pool(&x->req->pool, crypto_generichash_BYTES);
	begin_digest(x->req, &state);
	json_body_unify(body);
	if (json_dump_callback(body, update_digest, &state, JSON_COMPACT |
	    JSON_SORT_KEYS | JSON_ENCODE_ANY) != 0)
		return;
	crypto_generichash_final(&state, digest, crypto_generichash_BYTES);
	args_put_text(&x->args, KEY_MEANING, (struct text){
	    (const char *)digest, crypto_generichash_BYTES });
}
