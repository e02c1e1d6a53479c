/* h2o's configuration: one host, one handler, and errors of h2o's own. */
#include "state.h"

#include <sodium.h>

#include "exchange.h"
#include "proto/log.h"

/* What h2o may take in before it cuts a body off: somewhat more than we
 * accept, so that a client that sends too much gets to read why. */
#define BODY_SLACK	(1 << 20)

static int
on_request(h2o_handler_t *self, h2o_req_t *req)
{
	(void)self;
	exchange_start(worker_of(req), req);
	return 0;
}

/*
 * An answer that h2o makes itself (a body cut off, an expectation it does not
 * know) is plain text; its body is replaced with one like ours.
 */
struct rewrite {
	h2o_ostream_t	super;
	bool		done;
};

static const char *
own_body(int status)
{
	switch (status) {
	case 413: return "{\"error\":\"Request Entity Too Large\",\"message\":"
	    "\"The body is larger than this server accepts.\"}\n";
	case 417: return "{\"error\":\"Expectation Failed\",\"message\":"
	    "\"The only expectation known here is 100-continue.\"}\n";
	default: return "{\"error\":\"Bad Request\",\"message\":"
	    "\"The request cannot be understood.\"}\n";
	}
}

static void
rewrite_send(h2o_ostream_t *self, h2o_req_t *req, h2o_iovec_t *in,
    size_t count, h2o_send_state_t state)
{
	const char	*body = own_body(req->res.status);
	h2o_iovec_t	 out = { (char *)(uintptr_t)body, strlen(body) };

	(void)in;
	h2o_ostream_send_next(self, req, &out, count == 0 ? 0 : 1, state);
}

static bool
is_of_h2o(const h2o_req_t *req)
{
	ssize_t	at = h2o_find_header(&req->res.headers,
		    H2O_TOKEN_CONTENT_TYPE, -1);

	return req->res.status >= 400 && at != -1 &&
	    h2o_memis(req->res.headers.entries[at].value.base,
	    req->res.headers.entries[at].value.len,
	    H2O_STRLIT("text/plain; charset=utf-8"));
}

static void
on_setup(h2o_filter_t *self, h2o_req_t *req, h2o_ostream_t **slot)
{
	h2o_ostream_t	*rewrite;
	ssize_t		 at;

	(void)self;
	if (is_of_h2o(req)) {
		at = h2o_find_header(&req->res.headers,
		    H2O_TOKEN_CONTENT_TYPE, -1);
		req->res.headers.entries[at].value = h2o_iovec_init(
		    H2O_STRLIT("application/json"));
		req->res.content_length = strlen(own_body(req->res.status));
		rewrite = h2o_add_ostream(req, sizeof(struct rewrite), slot);
		rewrite->do_send = rewrite_send;
		slot = &rewrite->next;
	}
	h2o_setup_next_ostream(req, slot);
}

static struct text
root_of(const struct settings *s, enum mark mark)
{
	struct buf	b = { 0 };

	buf_put_text(&b, s->base_url);
	buf_put_text(&b, mark_path(mark));
	return (struct text){ b.base, b.len };
}

void
gateway_init(struct gateway *g, const struct settings *s)
{
	h2o_pathconf_t	*path;

	if (sodium_init() == -1)
		log_fatal("libsodium cannot be used");
	routes_init();
	g->settings = s;
	g->boot = randombytes_random();
	/* a byte that is no mark stands for nothing */
	g->roots[0] = (struct text){ "", 0 };
	for (unsigned m = 1; m < MARK_END; m++)
		g->roots[m] = root_of(s, (enum mark)m);
	h2o_config_init(&g->conf);
	g->conf.server_name = h2o_iovec_init(H2O_STRLIT("flicketd"));
	g->conf.max_request_entity_size = (size_t)s->max_body_bytes +
	    BODY_SLACK;
	g->conf.http1.req_timeout = (uint64_t)s->idle_timeout_ms;
	g->conf.http2.idle_timeout = (uint64_t)s->idle_timeout_ms;
	g->host = h2o_config_register_host(&g->conf,
	    h2o_iovec_init(H2O_STRLIT("default")), 65535);
	/* the fallback path sees all requests, and h2o's own errors too */
	path = &g->host->fallback_path;
	h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = on_request;
	h2o_create_filter(path, sizeof(h2o_filter_t))->on_setup_ostream =
	    on_setup;
}
