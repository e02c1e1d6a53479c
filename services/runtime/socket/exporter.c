/* The exporter, by libmicrohttpd. */
#include "services/runtime/socket/exporter.h"

#include <sys/socket.h>

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/listener.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/settings.h"

#define PORTS_MOST	16	/* that are tried */
#define CLIENTS_MOST	16
#define IDLE_SECONDS	10U

struct exporter {
	struct MHD_Daemon	*daemon;
};

static enum MHD_Result
send_text(struct MHD_Connection *c, unsigned status, const char *type,
    const char *bytes, size_t len)
{
	struct MHD_Response	*r = MHD_create_response_from_buffer(len,
				    (void *)(uintptr_t)bytes,
				    MHD_RESPMEM_MUST_COPY);
	enum MHD_Result		 result;

	if (r == NULL)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result
send_metrics(struct MHD_Connection *c)
{
	struct buf	b = { 0 };
	enum MHD_Result	result;

	metrics_put(&b);
	result = send_text(c, MHD_HTTP_OK, "text/plain; version=0.0.4",
	    b.base, b.len);
	buf_done(&b);
	return result;
}

static enum MHD_Result
answer_get(void *cls, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *body,
    size_t *body_len, void **state)
{
	(void)cls;
	(void)version;
	(void)body;
	(void)state;
	*body_len = 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_text(c, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
		    "GET only\n", 9);
	if (strcmp(url, "/metrics") == 0)
		return send_metrics(c);
	if (strcmp(url, "/healthz") == 0)
		return send_text(c, MHD_HTTP_OK, "text/plain", "alive\n", 6);
	return send_text(c, MHD_HTTP_NOT_FOUND, "text/plain",
	    "there is /metrics and /healthz\n", 31);
}

/* Returns a socket that listens, or -1 with errno. */
static int
listen_at_port(const char *host, unsigned port)
{
	const struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM,
				    .ai_flags = AI_PASSIVE };
	struct addrinfo		*list;
	char			 service[8];
	int			 fd, on = 1, saved;

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(strcmp(host, "*") == 0 ? "0.0.0.0" : host, service,
	    &hints, &list) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(fd, list->ai_addr, list->ai_addrlen) == -1 ||
		    listen(fd, CLIENTS_MOST) == -1) {
			saved = errno;
			close(fd);
			errno = saved;
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

static _Noreturn void
refuse(const char *address, int error)
{
	if (listener_may_recover(error))
		log_fatal("FLICKET_METRICS_LISTEN: cannot listen on %s: %s",
		    address, strerror(error));
	log_refuse("FLICKET_METRICS_LISTEN: cannot listen on %s: %s", address,
	    strerror(error));
}

struct exporter *
exporter_start(const char *address)
{
	struct exporter	*e;
	char		 host[256];
	uint16_t	 port;
	int		 fd = -1, tried = 0;

	if (address[0] == '\0')
		return NULL;
	/* settings_load() has checked that it is one */
	CHECK(settings_split_address(address, host, sizeof(host), &port));
	for (; tried < PORTS_MOST; tried++) {
		fd = listen_at_port(host, (unsigned)port + (unsigned)tried);
		if (fd != -1 || errno != EADDRINUSE)
			break;
	}
	if (fd == -1)
		refuse(address, errno);
	e = must_alloc(sizeof(*e));
	e->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD |
	    MHD_USE_POLL, 0, NULL, NULL, answer_get, NULL,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)CLIENTS_MOST, MHD_OPTION_CONNECTION_TIMEOUT,
	    IDLE_SECONDS, MHD_OPTION_END);
	if (e->daemon == NULL)
		log_fatal("FLICKET_METRICS_LISTEN: the exporter does not "
		    "start");
	log_info("metrics on %s port %d", host, port + tried);
	return e;
}

void
exporter_stop(struct exporter **self_p)
{
	if (*self_p == NULL)
		return;
	MHD_stop_daemon((*self_p)->daemon);
	free(*self_p);
	*self_p = NULL;
}
