/* Tags, links, and JSON; other formats have files of their own in reply/. */
#include "gateway/stage/answer.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/cache/responses.h"
#include "gateway/cache/tokens.h"
#include "gateway/http/header.h"
#include "gateway/reply/compress.h"
#include "gateway/reply/etag.h"
#include "gateway/reply/export.h"
#include "gateway/reply/file.h"
#include "gateway/reply/fragment.h"
#include "gateway/reply/links.h"
#include "gateway/reply/picture.h"
#include "gateway/reply/respond.h"
#include "gateway/reply/session.h"
#include "gateway/reply/settings.h"
#include "gateway/stage/include.h"

#define NOTE_MOST	512	/* bytes; clients refuse long header fields */

static void
put_location(struct exchange *x)
{
	struct buf	b = { 0 };

	links_put_path(&b, x, x->route->location_pieces, &x->answer->extra, 0);
	buf_put_byte(&b, '\0');
	respond_header(x, "Location", b.base);
	buf_done(&b);
}

/* Learn what an answer says about a token, for this worker's cache. */
static void
learn_token(struct exchange *x)
{
	const struct args	*extra = &x->answer->extra;
	struct text		 hash = args_text(extra, KEY_TOKEN_HASH);

	if (x->route->op == OP_TOKEN_DELETE)
		tokens_forget(x->worker->tokens, x->identity.token_hash);
	if (!route_has_password(x->route) || hash.len != TOKEN_HASH_BYTES ||
	    tokens_is_past(x->worker->tokens,
	    (const unsigned char *)hash.base, x->answer))
		return;
	tokens_keep(x->worker->tokens, (const unsigned char *)hash.base,
	    x->user_id, args_number(extra, KEY_RIGHTS, x->rights),
	    args_number(extra, KEY_EXPIRES, 0));
	tokens_number(x->worker->tokens, (const unsigned char *)hash.base,
	    args_number(extra, KEY_ID, 0));
}

/* --- tags -------------------------------------------------------------------- */

#define ETAG_MOST	(2 * 16 + 3)

/* A number's 16 digits. */
static char *
put_tag_digits(char *p, uint64_t n)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*p++ = "0123456789abcdef"[n >> shift & 15];
	return p;
}

/* What the owner's tag does not tell; 0: nothing. */
static uint64_t
variant_tag(struct exchange *x)
{
	const struct args	*extra = &x->answer->extra;
	uint64_t		 included = include_tag(x);

	return args_has(extra, KEY_VARIANT) ? hash_mix(included,
	    (uint64_t)args_number(extra, KEY_VARIANT, 0)) | 1 : included;
}

/*
 * The tag of an answer: what it is of, and after a dot what was included, and
 * which variant it is.
 * Services know the first part only (services/op/etag.c, If-Match).
 */
static h2o_iovec_t
make_answer_etag(struct exchange *x)
{
	uint64_t	included = variant_tag(x);
	char		*etag = h2o_mem_alloc_pool(&x->req->pool,
			    ETAG_MOST), *p = etag;

	*p++ = '"';
	p = put_tag_digits(p, (uint64_t)x->answer->tag);
	if (included != 0) {
		*p++ = '.';
		p = put_tag_digits(p, included);
	}
	*p++ = '"';
	return h2o_iovec_init(etag, (size_t)(p - etag));
}

enum wish { WISH_ALL, WISH_TAG, WISH_OTHER };

/*
 * What the client wants of an answer with this tag: of a read not more than the
 * tag if it has the answer, nothing if it asks for another version. The owner
 * has compared the tags of a write.
 */
static enum wish
ask_wish(struct exchange *x, h2o_iovec_t *etag)
{
	if (x->route->method != METHOD_GET)
		return WISH_ALL;
	if (!etag_client_wants(x, *etag))
		return WISH_OTHER;
	return etag_client_has(x, etag) ? WISH_TAG : WISH_ALL;
}

static enum wish
put_etag(struct exchange *x)
{
	h2o_iovec_t	etag = make_answer_etag(x);
	enum wish	wish = ask_wish(x, &etag);

	if (wish != WISH_OTHER)
		header_put(x->req, &H2O_TOKEN_ETAG->buf, "ETag", etag.base,
		    etag.len);
	return wish;
}

/* --- the stage ------------------------------------------------------------------ */

/* A list behind its links, a thing as it is, and what comes with them. */
static void
put_answer(struct buf *b, const struct exchange *x, bool is_list)
{
	if (is_list)
		links_put_list_head(b, x, x->answer->total);
	fragment_put(b, x, x->answer->fragment);
	if (is_list)
		include_put(b, x);
	else if (x->included != NULL && b->len > 0) {
		b->len--;	/* the brace at the end */
		include_put(b, x);
		buf_put_byte(b, '}');
	}
	buf_put_text(b, is_list ? "}\n" : "\n");
}

/* The first client that wants it compressed has it compressed for all. */
static struct text
compress_kept(struct exchange *x, const struct cached_response *r)
{
	struct text	gzip = r->gzip;

	if (gzip.len == 0) {
		gzip = compress_body(x, r->body);
		responses_keep_gzip(x->worker->responses, r, gzip);
	}
	return gzip;
}

static enum flow
answer_kept(struct exchange *x, const struct cached_response *r)
{
	static const char	 type[] = "application/json";
	int			 status = x->route->status;
	struct text		 gzip = { "", 0 };

	exchange_hold(x, r->body.len);
	if (r->body.len > COMPRESS_WHOLE_MOST)
		return respond_body(x, status, type, r->body);
	if (compress_is_wanted(x, type, r->body.len))
		gzip = compress_kept(x, r);
	return respond_coded(x, status, type, gzip.len > 0 ? gzip : r->body,
	    gzip.len > 0);
}

/* Its owner said that nothing has changed since it was cached. */
static enum flow
answer_cached(struct exchange *x)
{
	metric_add(METRIC_COPIES, 1, 0, 1);
	if (route_is_list(x->route))
		links_put_header(x, x->cached->total);
	return answer_kept(x, x->cached);
}

/*
 * A list, or counts, that were put together; they are kept if they were asked for
 * before.
 */
static enum flow
answer_list(struct exchange *x)
{
	const struct buf		*b = &x->worker->body;
	const struct cached_response	*kept = NULL;

	metric_add(METRIC_COPIES, 0, 0, 1);
	if (x->answer->tag != 0 && x->response_key != NULL)
		kept = responses_keep(x->worker->responses, x->response_key,
		    &x->req->pool, x->answer->tag, x->answer->total,
		    buf_text(b));
	return kept != NULL ? answer_kept(x, kept) :
	    respond_buffered(x, x->route->status, "application/json");
}

static enum flow
answer_json(struct exchange *x)
{
	bool		is_list = route_is_list(x->route);
	enum wish	wish;

	if (x->answer->tag != 0) {
		wish = put_etag(x);
		if (wish == WISH_OTHER)
			return respond_error(x, ERR_PRECONDITION, NULL);
		if (wish == WISH_TAG)
			return respond_status(x, 304);
		if (x->cached != NULL && x->answer->fragment.len == 0 &&
		    x->answer->tag == x->cached->tag)
			return answer_cached(x);
	}
	if (args_has(&x->args, KEY_IF_NONE_MATCH) &&
	    x->answer->fragment.len == 0) {
		log_error("%s: not modified, but there is no copy",
		    op_info(x->route->op)->name);
		return respond_error(x, ERR_INTERNAL, NULL);
	}
	if (x->route->location[0] != '\0')
		put_location(x);
	if (is_list)
		links_put_header(x, x->answer->total);
	put_answer(respond_buffer(x), x, is_list);
	if (is_list || x->response_key != NULL)
		return answer_list(x);
	return respond_buffered(x, x->route->status, "application/json");
}

/* Answers that are not sent anew, too: a 304, a copy that was kept. */
static void
put_note(struct exchange *x)
{
	struct text	note = args_text(&x->answer->extra, KEY_NOTE);
	h2o_iovec_t	copy;

	if (note.len == 0 || note.len > NOTE_MOST || !header_is_printable(note))
		return;
	copy = h2o_strdup(&x->req->pool, note.base, note.len);
	respond_header(x, "Search-Note", copy.base);
}

enum flow
answer_begin(struct exchange *x)
{
	if (x->answer->error != OK)
		return respond_refusal(x, x->answer);
	if (include_failure(x) != NULL)
		return respond_refusal(x, include_failure(x));
	learn_token(x);
	if (args_has(&x->answer->extra, KEY_REPLAYED))
		respond_header(x, "Idempotency-Replayed", "true");
	put_note(x);
	if (x->route->reply == REPLY_SESSION)
		return session_answer(x);
	if (x->route->status == 204)
		return respond_body(x, 204, NULL, (struct text){ "", 0 });
	switch (x->route->reply) {
	case REPLY_FILE:
		return file_answer(x);
	case REPLY_CSV:
	case REPLY_NDJSON:
		return export_answer(x);
	case REPLY_IMAGE:
		return picture_answer(x);
	case REPLY_SETTINGS:
		return settings_answer(x);
	default:
		return answer_json(x);
	}
}
