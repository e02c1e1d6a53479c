/*
 * A file never changes under its name (services/files/dir.h), so the name is
 * the version. It is what a user sent: browsers must neither guess its type nor
 * show it as a page of this site.
 */
#include "gateway/reply/file.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/number.h"
#include "base/percent.h"
#include "gateway/core/identity.h"
#include "gateway/core/trace.h"
#include "gateway/http/header.h"
#include "gateway/reply/compress.h"
#include "gateway/reply/etag.h"
#include "gateway/reply/respond.h"

#define PIECE		0	/* the part under which pieces are asked for */
#define PIECE_BYTES	((int64_t)65536)

struct download {
	h2o_generator_t	 generator;
	struct exchange	*x;
	struct text	 original;	/* the file's name at home */
	struct text	 type;
	int64_t		 size;
	int64_t		 at;		/* of the bytes to be sent next */
	int64_t		 end;		/* of those to be sent */
	bool		 partial;
	bool		 started;
	struct buf	 piece;
	struct compress_pieces pieces;	/* of it, what h2o is sending */
	char		 etag[48];
};

/* --- conditions ------------------------------------------------------------------ */

/* A hash: names that were imported have characters that tags must not have. */
static void
make_file_etag(struct download *d, struct text filename)
{
	uint64_t	h = hash_bytes(HASH_START, filename.base, filename.len);

	snprintf(d->etag, sizeof(d->etag), "\"%016llx-%llx\"",
	    (unsigned long long)h, (unsigned long long)d->size);
}

/* If-Range: the client has a part of this file, not of another one. */
static bool
is_range_wanted(const struct download *d)
{
	struct text	v = header_value(d->x->req, "if-range");

	return !d->x->is_head && (v.len == 0 ||
	    (v.len == strlen(d->etag) && memcmp(v.base, d->etag, v.len) == 0));
}

/* --- ranges (RFC 9110, 14.1.2) ----------------------------------------------------- */

/* Digits; INT64_MAX for more than there can be, -1 for none. */
static int64_t
take_position(struct text *t)
{
	int64_t	n = -1;

	(void)number_take(t, &n);
	return n;
}

/*
 * One range, "bytes=a-b", "bytes=a-" or "bytes=-n". Others, several and
 * malformed ones are ignored. False: there are no such bytes.
 */
static bool
take_range(struct download *d)
{
	struct text	t = header_value(d->x->req, "range");
	int64_t		first, last;

	if (t.len < 6 || strncasecmp(t.base, "bytes=", 6) != 0 ||
	    !is_range_wanted(d))
		return true;
	t = (struct text){ t.base + 6, t.len - 6 };
	first = take_position(&t);
	if (t.len == 0 || t.base[0] != '-')
		return true;
	t = (struct text){ t.base + 1, t.len - 1 };
	last = take_position(&t);
	if (t.len > 0 || (first == -1 && last == -1) ||
	    (first != -1 && last != -1 && last < first))
		return true;
	if (first == -1) {		/* the last ones */
		first = last < d->size ? d->size - last : 0;
		if (d->size == 0 && last > 0)
			return true;
		last = -1;
	}
	if (first >= d->size)
		return false;
	d->partial = true;
	d->at = first;
	d->end = last == -1 || last >= d->size ? d->size : last + 1;
	return true;
}

static enum flow
refuse_range(struct download *d)
{
	char	value[48];

	snprintf(value, sizeof(value), "bytes */%lld", (long long)d->size);
	respond_header(d->x, "Content-Range", value);
	return respond_error(d->x, ERR_BAD_RANGE, NULL);
}

/* --- the head ---------------------------------------------------------------------- */

/*
 * Imported files may have names of any length, which would make a header field
 * that clients refuse. Names are cut between characters; those of uploads fit.
 */
#define NAME_MOST_BYTES	512

static struct text
shorten_name(struct text name)
{
	if (name.len <= NAME_MOST_BYTES)
		return name;
	name.len = NAME_MOST_BYTES;
	while (name.len > 0 && (name.base[name.len] & 0xc0) == 0x80)
		name.len--;
	return name;
}

/*
 * The name twice (RFC 6266): in ASCII, with underscores in the place of other
 * characters, for clients that know nothing else; and as it is.
 */
static void
put_disposition(struct exchange *x, struct text name)
{
	struct buf	b = { 0 };
	unsigned char	c;

	buf_put_text(&b, "attachment; filename=\"");
	for (size_t i = 0; i < name.len; i++) {
		c = (unsigned char)name.base[i];
		if (c < 0x20 || c >= 0x7f || strchr("\"\\%", c) != NULL)
			c = '_';
		/* one for a character, not for each of its bytes */
		if (((unsigned char)name.base[i] & 0xc0) != 0x80)
			buf_put_byte(&b, (char)c);
	}
	buf_put_text(&b, "\"; filename*=UTF-8''");
	percent_encode(&b, name, PERCENT_ATTR);
	buf_put_byte(&b, '\0');
	respond_header(x, "Content-Disposition", b.base);
	buf_done(&b);
}

static void
put_content_range(struct download *d)
{
	char	value[96];

	snprintf(value, sizeof(value), "bytes %lld-%lld/%lld",
	    (long long)d->at, (long long)d->end - 1, (long long)d->size);
	respond_header(d->x, "Content-Range", value);
}

/*
 * A part of a compressed file would be of no use: parts are of the file itself,
 * and the client of a whole file that is compressed is not told of parts.
 */
static void
choose_coding(struct download *d, const char *type)
{
	struct exchange	*x = d->x;
	bool		 is_wanted = compress_is_wanted(x, type,
			    (size_t)d->size);

	d->pieces.is_on = is_wanted && !d->partial;
	if (d->pieces.is_on) {
		header_omit_length(x->req);
		compress_mark(x);
	} else
		respond_header(x, "Accept-Ranges", "bytes");
}

static void
start_file(struct download *d)
{
	h2o_req_t	*req = d->x->req;
	h2o_iovec_t	 type = respond_type(d->x, d->type);

	req->res.content_length = (size_t)(d->end - d->at);
	respond_header(d->x, "ETag", d->etag);
	h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE,
	    "Content-Type", type.base, type.len);
	put_disposition(d->x, shorten_name(d->original));
	respond_header(d->x, "X-Content-Type-Options", "nosniff");
	respond_header(d->x, "Content-Security-Policy",
	    "sandbox; default-src 'none'");
	choose_coding(d, type.base);
	if (d->partial)
		put_content_range(d);
	d->started = true;
	respond_begin(d->x, d->partial ? 206 : 200);
	h2o_start_response(req, &d->generator);
}

/* --- pieces ------------------------------------------------------------------------ */

static int64_t
next_bytes(const struct download *d)
{
	return d->end - d->at < PIECE_BYTES ? d->end - d->at : PIECE_BYTES;
}

static void
ask_piece(struct download *d)
{
	struct args	args = { 0 };

	args_put_text(&args, KEY_FILENAME,
	    args_text(&d->x->args, KEY_FILENAME));
	args_put_number(&args, KEY_OFFSET, d->at);
	args_put_number(&args, KEY_LIMIT, next_bytes(d));
	exchange_ask_part(d->x, PIECE, OP_FILE_READ, &args,
	    d->x->worker->gateway->settings->login_timeout_ms);
}

/* A file that breaks off must not look like one that ends. */
static void
break_off_file(struct download *d, const struct answer *a)
{
	struct exchange	*x = d->x;

	if (!d->started) {
		respond_refusal(x, a);
		return;
	}
	log_warn("a file broke off: %s", err_info(a->error)->reason);
	metric_add(METRIC_CUT_OFF, a->error, 0, 1);
	h2o_send(x->req, NULL, 0, H2O_SEND_STATE_ERROR);
}

/* Before it is sent it is looked whether the token is still good. */
static void
send_file_piece(struct exchange *x, enum err e)
{
	struct download		*d = x->download;
	const struct answer	 refusal = { .error = e };
	h2o_iovec_t		 out;

	if (e != OK) {
		break_off_file(d, &refusal);
		return;
	}
	/* before the place moves on: the head says where it begins */
	if (!d->started)
		start_file(d);
	d->at += (int64_t)d->piece.len;
	out = compress_next(x, &d->pieces, d->at == d->end);
	exchange_hold(x, d->piece.size + d->pieces.out.size);
	h2o_send(x->req, &out, 1, d->at == d->end ? H2O_SEND_STATE_FINAL :
	    H2O_SEND_STATE_IN_PROGRESS);
}

static void
take_file_piece(struct exchange *x, const struct answer *a)
{
	static const struct answer	 shorter = { .error = ERR_NOT_FOUND };
	struct download			*d = x->download;
	struct text			 bytes = args_text(&a->extra, KEY_BODY);

	if (a->error != OK || (int64_t)bytes.len != next_bytes(d)) {
		break_off_file(d, a->error != OK ? a : &shorter);
		return;
	}
	d->piece.len = 0;
	buf_put(&d->piece, bytes.base, bytes.len);
	d->pieces.left = buf_text(&d->piece);
	exchange_hold(x, d->piece.size + d->pieces.out.size);
	identity_check(x, send_file_piece);
}

static void
on_file_part(struct exchange *x, unsigned part, const struct answer *a)
{
	if (part == IDENTITY_PART)
		identity_part(x, a);
	else
		take_file_piece(x, a);
}

static void
on_file_proceed(h2o_generator_t *generator, h2o_req_t *req)
{
	struct download	*d = H2O_STRUCT_FROM_MEMBER(struct download, generator,
			    generator);

	(void)req;
	trace_log_begin(d->x);
	ask_piece(d);
	log_done();
}

static void
on_download_gone(void *data)
{
	struct download	*d = data;

	buf_done(&d->piece);
	compress_end(&d->pieces);
}

/* --- the answer --------------------------------------------------------------------- */

static struct download *
new_download(struct exchange *x)
{
	const struct answer	*a = exchange_keep(x, x->answer);
	struct text		 filename = args_text(&x->args, KEY_FILENAME);
	struct download		*d = h2o_mem_alloc_shared(&x->req->pool,
				    sizeof(*d), on_download_gone);

	memset(d, 0, sizeof(*d));
	d->x = x;
	d->generator.proceed = on_file_proceed;
	d->original = args_text(&a->extra, KEY_ORIGINAL_FILENAME);
	if (d->original.len == 0)
		d->original = filename;
	d->type = args_text(&a->extra, KEY_MEDIA_TYPE);
	d->size = args_number(&a->extra, KEY_SIZE, 0);
	d->end = d->size;
	make_file_etag(d, filename);
	x->download = d;
	x->on_part = on_file_part;
	return d;
}

enum flow
file_answer(struct exchange *x)
{
	struct download	*d = new_download(x);
	h2o_iovec_t	 etag = h2o_iovec_init(d->etag, strlen(d->etag));

	if (d->size < 0)
		return respond_error(x, ERR_INTERNAL, NULL);
	if (!etag_client_wants(x, etag))
		return respond_error(x, ERR_PRECONDITION, NULL);
	if (etag_client_has(x, &etag)) {
		h2o_add_header(&x->req->pool, &x->req->res.headers,
		    H2O_TOKEN_ETAG, "ETag", etag.base, etag.len);
		return respond_status(x, 304);
	}
	if (!take_range(d))
		return refuse_range(d);
	if (x->is_head || d->at == d->end) {
		start_file(d);
		h2o_send(x->req, NULL, 0, H2O_SEND_STATE_FINAL);
		return FLOW_DONE;
	}
	ask_piece(d);
	return FLOW_DONE;
}
