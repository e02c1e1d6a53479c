/* gateway/reply/compress.c, and bodies that gateway/reply/respond.c sends by it. */
#include "exchange.h"

#include <zlib.h>

#include "gateway/reply/compress.h"
#include "gateway/reply/respond.h"

/* --- in the place of libh2o's: what is sent, and the next piece asked for ------- */

static struct {
	struct buf		 body;
	h2o_generator_t		*generator;
	unsigned		 pieces;
	size_t			 longest;
	bool			 is_over;
} out;

void
h2o_start_response(h2o_req_t *req, h2o_generator_t *g)
{
	(void)req;
	out.generator = g;
}

void
h2o_send(h2o_req_t *req, h2o_iovec_t *bufs, size_t bufcnt,
    h2o_send_state_t state)
{
	(void)req;
	assert_true(!out.is_over && state != H2O_SEND_STATE_ERROR);
	out.is_over = state == H2O_SEND_STATE_FINAL;
	for (size_t i = 0; i < bufcnt; i++) {
		out.pieces++;
		if (bufs[i].len > out.longest)
			out.longest = bufs[i].len;
		buf_put(&out.body, bufs[i].base, bufs[i].len);
	}
}

static void
send_all(struct visit *v)
{
	while (!out.is_over)
		out.generator->proceed(out.generator, &v->req);
}

/* -------------------------------------------------------------------------------- */

static int
stop(void **state)
{
	(void)state;
	buf_done(&out.body);
	return 0;
}

static void
begin(struct visit *v, const char *method, const char *url,
    const char *accepts)
{
	visit_begin(v, method, url);
	v->settings.compression = "on";
	v->x.is_head = strcmp(method, "HEAD") == 0;
	if (accepts != NULL)
		visit_header(v, H2O_TOKEN_ACCEPT_ENCODING, accepts);
	out.body.len = out.pieces = 0;
	out.longest = 0;
	out.is_over = false;
}

static void
end(struct visit *v)
{
	visit_end(v);
	gzip_destroy(&v->worker.gzip);
}

static struct text
header_of(const struct visit *v, const char *name)
{
	return visit_response_header(&v->req, name);
}

#define API	"/flicket-api/"

static void
it_depends_on_type_length_and_client(void **state)
{
	static const struct { const char *url, *accepts, *type; size_t len;
	    bool wanted, varies; } rows[] = {
		{ API "ticket/1", "gzip", "application/json", 1024, true, true },
		{ API "ticket/1", "gzip", "application/json", 1023, false, true },
		{ API "ticket/1", "gzip", "application/json", 0, false, false },
		{ API "ticket/1", "gzip", "text/csv; charset=utf-8",
		    COMPRESS_UNKNOWN, true, true },
		{ API "ticket/1", NULL, "application/json", 5000, false, true },
		{ API "ticket/1", "br", "application/json", 5000, false, true },
		{ API "ticket/1", "gzip, identity;q=0", "application/json", 1,
		    true, true },
		{ "/metrics", "gzip", "text/plain; version=0.0.4", 5000, true,
		    true },
		{ "/uploads/a", "gzip", "text/plain", 5000, true, true },
		{ "/uploads/a", "gzip", "image/svg+xml", 5000, true, true },
		{ "/uploads/a", "gzip", "application/msword", 5000, true, true },
		/* compressed already, or not known */
		{ "/uploads/a", "gzip", "image/png", 5000, false, false },
		{ "/uploads/a", "gzip", "image/jpeg", 5000, false, false },
		{ "/uploads/a", "gzip", "application/pdf", 5000, false, false },
		{ "/uploads/a", "gzip", "application/zip", 5000, false, false },
		{ "/uploads/a", "gzip", "application/vnd.openxmlformats-"
		    "officedocument.wordprocessingml.document", 5000, false,
		    false },
		{ "/uploads/a", "gzip", "application/octet-stream", 5000, false,
		    false },
		{ "/uploads/a", "gzip", "", 5000, false, false },
		/* a new token */
		{ API "tokens", "gzip", "application/json", 5000, false, false },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		begin(&v, strcmp(rows[i].url, API "tokens") == 0 ? "POST" :
		    "GET", rows[i].url, rows[i].accepts);
		check_number(rows[i].type, compress_is_wanted(&v.x,
		    rows[i].type, rows[i].len), rows[i].wanted);
		check_text(rows[i].type, header_of(&v, "vary"),
		    text_of(rows[i].varies ? "Accept-Encoding" : ""));
		end(&v);
	}
}

static void
it_can_be_switched_off(void **state)
{
	struct visit	v;

	(void)state;
	begin(&v, "GET", API "ticket/1", "gzip, identity;q=0");
	v.settings.compression = "off";
	check_true("no", !compress_is_wanted(&v.x, "application/json", 5000));
	compress_put_vary(&v.x);
	check_text("it depends on nothing", header_of(&v, "vary"), TEXT_OF(""));
	end(&v);
}

/* What was said to depend on other fields before is said all the same. */
static void
there_is_one_field_vary(void **state)
{
	struct visit	v;

	(void)state;
	begin(&v, "GET", API "ticket/1", NULL);
	respond_header(&v.x, "Vary", "Origin");
	(void)compress_is_wanted(&v.x, "application/json", 5000);
	check_text("both", header_of(&v, "vary"),
	    TEXT_OF("Origin, Accept-Encoding"));
	check_number("in one", (int64_t)v.req.res.headers.size, 1);
	end(&v);
}

static void
check_comes_back(struct text want)
{
	struct buf	back = { 0 };
	z_stream	z = { 0 };

	buf_reserve(&back, want.len + 1);
	assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
	z.next_in = (unsigned char *)out.body.base;
	z.avail_in = (unsigned)out.body.len;
	z.next_out = (unsigned char *)back.base;
	z.avail_out = (unsigned)back.size;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	back.len = z.total_out;
	check_text("same", buf_text(&back), want);
	(void)inflateEnd(&z);
	buf_done(&back);
}

/* As a whole with its length; long ones in slices, none of which is long. */
static void
bodies_of_all_lengths_are_sent(void **state)
{
	static const struct { const char *method; size_t len; int status; }
	rows[] = {
		{ "GET", 1024, 200 },
		{ "GET", COMPRESS_WHOLE_MOST, 200 },
		{ "HEAD", 5000, 200 },
		{ "GET", COMPRESS_WHOLE_MOST + 1, 200 },
		{ "GET", 5 << 20, 200 },
		{ "HEAD", 5 << 20, 200 },
		/* libh2o sends other statuses with their length only */
		{ "GET", 1 << 20, 201 },
	};
	uint64_t	seed = 3;
	struct visit	v;
	struct buf	body = { 0 };
	bool		is_long, is_head;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		begin(&v, rows[i].method, "/", "gzip");
		is_head = v.x.is_head;
		is_long = rows[i].len > COMPRESS_WHOLE_MOST &&
		    rows[i].status == 200;
		respond_header(&v.x, "ETag", "\"a.b\"");
		body.len = 0;
		while (body.len < rows[i].len)
			buf_put_byte(&body, (char)('a' + unit_random(&seed) %
			    8));
		buf_put(respond_buffer(&v.x), body.base, body.len);
		respond_buffered(&v.x, rows[i].status, "text/plain");
		check_number("began with it", v.req.res.status, rows[i].status);
		check_text("tag", header_of(&v, "etag"),
		    TEXT_OF("\"a.b.gzip\""));
		check_text("coding", header_of(&v, "content-encoding"),
		    TEXT_OF("gzip"));
		check_text("type", header_of(&v, "content-type"),
		    TEXT_OF("text/plain"));
		send_all(&v);
		check_true("slices", !is_long || out.longest < COMPRESS_SLICE);
		if (is_long)
			check_true("length", v.req.res.content_length ==
			    SIZE_MAX);
		else if (!is_head)
			check_number("length", (int64_t)out.body.len, (int64_t)
			    v.req.res.content_length);
		check_true("counted with what is being sent", !is_long ||
		    is_head || v.x.held > rows[i].len);
		if (is_head)
			check_number("no body", (int64_t)out.body.len, 0);
		else
			check_comes_back(buf_text(&body));
		end(&v);
	}
	buf_done(&body);
}

/* Without a length it is the end of the connection that ends a body. */
static void
connections_of_http_1_0_end_with_a_long_body(void **state)
{
	static const struct { int version; size_t len; int persistent; }
	rows[] = {
		{ 0x100, COMPRESS_WHOLE_MOST, 1 },
		{ 0x100, COMPRESS_WHOLE_MOST + 1, 0 },
		{ 0x101, COMPRESS_WHOLE_MOST + 1, 1 },
	};
	static char	body[COMPRESS_WHOLE_MOST + 1];
	struct visit	v;

	(void)state;
	memset(body, 'x', sizeof(body));
	for (size_t i = 0; i < LEN(rows); i++) {
		begin(&v, "GET", "/", "gzip");
		v.req.version = rows[i].version;
		v.req.http1_is_persistent = 1;
		respond_body(&v.x, 200, "text/plain",
		    (struct text){ body, rows[i].len });
		send_all(&v);
		check_number("kept alive", v.req.http1_is_persistent,
		    rows[i].persistent);
		end(&v);
	}
}

/* Random bytes become longer; a client that refuses them so has them longer. */
static void
what_does_not_become_smaller_is_sent_as_it_is(void **state)
{
	static const struct { const char *accepts, *coding; } rows[] = {
		{ "gzip", "" }, { "gzip, identity;q=0", "gzip" },
	};
	uint64_t	seed = 5;
	struct visit	v;
	struct buf	body = { 0 };

	(void)state;
	for (int i = 0; i < 3000; i++)
		buf_put_byte(&body, (char)unit_random(&seed));
	for (size_t i = 0; i < LEN(rows); i++) {
		begin(&v, "GET", "/", rows[i].accepts);
		respond_header(&v.x, "ETag", "\"a\"");
		respond_body(&v.x, 200, "text/plain", buf_text(&body));
		check_text(rows[i].accepts, header_of(&v, "content-encoding"),
		    text_of(rows[i].coding));
		if (rows[i].coding[0] == '\0') {
			check_text("as it is", buf_text(&out.body),
			    buf_text(&body));
			check_text("its tag", header_of(&v, "etag"),
			    TEXT_OF("\"a\""));
		} else
			check_comes_back(buf_text(&body));
		check_text("it depends", header_of(&v, "vary"),
		    TEXT_OF("Accept-Encoding"));
		end(&v);
	}
	buf_done(&body);
}

/* Pieces that are not compressed go on as they came, whole. */
static void
pieces_pass_as_they_are(void **state)
{
	static char		 piece[100000];
	struct compress_pieces	 p = { 0 };
	struct visit		 v;
	h2o_iovec_t		 next;

	(void)state;
	begin(&v, "GET", "/", NULL);
	p.left = (struct text){ piece, sizeof(piece) };
	next = compress_next(&v.x, &p, false);
	check_true("no copy", next.base == piece && next.len == sizeof(piece));
	check_number("nothing left", (int64_t)p.left.len, 0);
	compress_end(&p);
	end(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("it depends on the type, the length and the client",
		    it_depends_on_type_length_and_client),
		TEST("it can be switched off", it_can_be_switched_off),
		TEST("there is one field Vary", there_is_one_field_vary),
		TEST("bodies of all lengths are sent",
		    bodies_of_all_lengths_are_sent),
		TEST("connections of HTTP/1.0 end with a long body",
		    connections_of_http_1_0_end_with_a_long_body),
		TEST("what does not become smaller is sent as it is",
		    what_does_not_become_smaller_is_sent_as_it_is),
		TEST("pieces that are not compressed pass as they are",
		    pieces_pass_as_they_are),
	};

	metrics_start(PART_GATEWAY);
	return cmocka_run_group_tests_name("compress", tests, visit_routes, stop);
}
