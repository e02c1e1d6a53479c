#include "gateway/server.h"

#include <sodium.h>

#include "base/log.h"
#include "gateway/cache/limit.h"
#include "gateway/core/exchange.h"
#include "gateway/cutoff.h"
#include "gateway/http/connection/idle.h"
#include "gateway/http/proxies.h"
#include "gateway/pipeline.h"
#include "gateway/reply/console.h"
#include "gateway/reply/cors.h"

/*
 * Before h2o cuts a body off it takes in somewhat more than we accept, so that a
 * client that sends too much can read why.
 */
#define BODY_SLACK	(1 << 20)

static int
on_request(h2o_handler_t *self, h2o_req_t *req)
{
	(void)self;
	pipeline_start(worker_of(req), req);
	return 0;
}

static struct text
url_prefix_of(const struct settings *s, enum placeholder p)
{
	struct buf	b = { 0 };

	buf_put_text(&b, s->base_url);
	buf_put_text(&b, placeholder_path(p));
	return (struct text){ b.base, b.len };
}

void
server_init(struct gateway *g, const struct settings *s)
{
	h2o_pathconf_t	*path;

	if (sodium_init() == -1)
		log_fatal("libsodium cannot be used");
	routes_init();
	g->settings = s;
	g->boot = randombytes_random();
	g->proxies = proxies_new(s);
	if (s->rate_limit > 0)
		g->limits = limits_new(s->rate_limit);
	console_init(s);
	/* byte 0 stands for nothing, and no service sends it */
	g->url_prefixes[0] = (struct text){ "", 0 };
	for (unsigned p = 1; p < PLACEHOLDER_END; p++)
		g->url_prefixes[p] = url_prefix_of(s, (enum placeholder)p);
	h2o_config_init(&g->conf);
	/* or large bodies would go through files in /tmp, which may have no
	 * room for them: h2o then closes without an answer */
	h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
	g->conf.server_name = h2o_iovec_init(H2O_STRLIT("flicketd"));
	g->conf.max_request_entity_size = BODY_SLACK + (size_t)
	    (s->max_body_bytes > s->upload_max_bytes ? s->max_body_bytes :
	    s->upload_max_bytes);
	/* shorter times are ours to see to (http/idle.h) */
	g->conf.http1.req_timeout = (uint64_t)idle_body_ms(s,
	    g->conf.max_request_entity_size);
	g->conf.http2.idle_timeout = (uint64_t)s->idle_timeout_ms;
	g->conf.handshake_timeout = (uint64_t)s->idle_timeout_ms;
	g->host = h2o_config_register_host(&g->conf,
	    h2o_iovec_init(H2O_STRLIT("default")), 65535);
	/* the fallback path sees all requests, and h2o's own errors too */
	path = &g->host->fallback_path;
	h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = on_request;
	cutoff_register(path);
}
