/* The decision, the header fields, and bodies in slices. */
#include "gateway/reply/compress.h"

#include "base/metrics.h"
#include "gateway/http/accept.h"
#include "gateway/http/header.h"
#include "gateway/reply/etag.h"

#define LEAST_BYTES	1024	/* less fits into one packet as it is */

/* --- the decision ------------------------------------------------------------ */

#define BEGINNING(literal)	{ literal, sizeof(literal) - 1 }

/*
 * The beginnings of types that become smaller, as services/post/content.c and
 * we ourselves write them; most answers have the first.
 */
static const struct text	smaller_types[] = {
	BEGINNING("application/json"), BEGINNING("text/"),
	BEGINNING("application/problem+json"),
	BEGINNING("application/x-ndjson"), BEGINNING("application/xml"),
	BEGINNING("application/javascript"), BEGINNING("application/msword"),
	BEGINNING("application/vnd.ms-excel"),
	BEGINNING("application/vnd.ms-powerpoint"),
	BEGINNING("application/vnd.ms-outlook"), BEGINNING("application/rtf"),
	BEGINNING("image/svg+xml"), BEGINNING("image/bmp"),
};

static bool
becomes_smaller(const char *type)
{
	for (size_t i = 0; i < sizeof(smaller_types) /
	    sizeof(smaller_types[0]); i++)
		if (strncmp(type, smaller_types[i].base,
		    smaller_types[i].len) == 0)
			return true;
	return false;
}

/* Who comes with a password is answered with a token. */
static bool
has_secret(const struct exchange *x)
{
	return x->route != NULL && route_has_password(x->route);
}

static bool
is_switched_on(const struct exchange *x)
{
	return settings_is_on(x->worker->gateway->settings->compression);
}

void
compress_put_vary(struct exchange *x)
{
	if (is_switched_on(x))
		header_put_vary(x->req, "Accept-Encoding");
}

bool
compress_is_wanted(struct exchange *x, const char *type, size_t len)
{
	enum accept_coding	coding;

	if (!is_switched_on(x) || len == 0 || !becomes_smaller(type) ||
	    has_secret(x))
		return false;
	header_put_vary(x->req, "Accept-Encoding");
	coding = accept_coding(x->req);
	return coding == ACCEPT_ONLY_GZIP ||
	    (coding == ACCEPT_GZIP && len >= LEAST_BYTES);
}

/* Another form of the same thing has another tag (RFC 9110, 8.8.3). */
void
compress_mark(struct exchange *x)
{
	h2o_headers_t	*headers = &x->req->res.headers;
	ssize_t		 at = h2o_find_header(headers, H2O_TOKEN_ETAG, -1);
	h2o_iovec_t	*etag;

	metric_add(METRIC_COMPRESSED, 0, 0, 1);
	header_put(x->req, &H2O_TOKEN_CONTENT_ENCODING->buf,
	    "Content-Encoding", H2O_STRLIT("gzip"));
	if (at == -1)
		return;
	etag = &headers->entries[at].value;
	*etag = etag_of_gzip(&x->req->pool, *etag);
}

/* --- whole bodies -------------------------------------------------------------- */

/* Many workers are never asked to compress. */
static struct gzip *
gzip_of(struct worker *w)
{
	if (w->gzip == NULL)
		w->gzip = gzip_new();
	return w->gzip;
}

static void
count_bytes(size_t in, size_t out)
{
	metric_add(METRIC_COMPRESSION_IN, 0, 0, (int64_t)in);
	metric_add(METRIC_COMPRESSION_OUT, 0, 0, (int64_t)out);
}

struct text
compress_body(struct exchange *x, struct text body)
{
	struct text	gzip = gzip_body(gzip_of(x->worker), body);
	h2o_iovec_t	copy;

	if (gzip.len >= body.len &&
	    accept_coding(x->req) != ACCEPT_ONLY_GZIP)
		return (struct text){ "", 0 };
	count_bytes(body.len, gzip.len);
	copy = h2o_strdup(&x->req->pool, gzip.base, gzip.len);
	exchange_hold(x, copy.len);
	return (struct text){ copy.base, copy.len };
}

/* --- pieces -------------------------------------------------------------------- */

h2o_iovec_t
compress_next(struct exchange *x, struct compress_pieces *p, bool is_last)
{
	struct text	slice = p->left;

	if (p->is_on && slice.len > COMPRESS_SLICE)
		slice.len = COMPRESS_SLICE;
	p->left.base += slice.len;
	p->left.len -= slice.len;
	if (!p->is_on)
		return h2o_iovec_init(slice.base, slice.len);
	p->out.len = 0;
	gzip_put_piece(gzip_of(x->worker), &p->stream, &p->out, slice,
	    is_last && p->left.len == 0);
	count_bytes(slice.len, p->out.len);
	return h2o_iovec_init(p->out.base, p->out.len);
}

void
compress_end(struct compress_pieces *p)
{
	buf_done(&p->out);
}

/* --- long bodies --------------------------------------------------------------- */

struct long_body {
	h2o_generator_t		 generator;
	struct exchange		*x;
	size_t			 len;
	struct compress_pieces	 pieces;
};

static void
send_slice(struct long_body *l)
{
	h2o_iovec_t	out = compress_next(l->x, &l->pieces, true);

	exchange_hold(l->x, l->len + l->pieces.out.size);
	h2o_send(l->x->req, &out, 1, l->pieces.left.len == 0 ?
	    H2O_SEND_STATE_FINAL : H2O_SEND_STATE_IN_PROGRESS);
}

static void
on_slice_sent(h2o_generator_t *generator, h2o_req_t *req)
{
	(void)req;
	send_slice(H2O_STRUCT_FROM_MEMBER(struct long_body, generator,
	    generator));
}

static void
on_long_body_gone(void *data)
{
	struct long_body	*l = data;

	compress_end(&l->pieces);
}

enum flow
compress_send(struct exchange *x, struct text body)
{
	struct long_body	*l = h2o_mem_alloc_shared(&x->req->pool,
				    sizeof(*l), on_long_body_gone);

	memset(l, 0, sizeof(*l));
	l->generator.proceed = on_slice_sent;
	l->x = x;
	l->pieces.is_on = true;
	l->pieces.left = body;
	l->len = body.len;
	header_omit_length(x->req);
	h2o_start_response(x->req, &l->generator);
	if (x->is_head)
		h2o_send(x->req, NULL, 0, H2O_SEND_STATE_FINAL);
	else
		send_slice(l);
	return FLOW_DONE;
}
