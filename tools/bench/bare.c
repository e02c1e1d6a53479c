/*
 * flicket-bare: what libh2o alone can do, the measure of script/bench. It
 * answers GET /STATUS/BYTES with that status and so many bytes, the same each
 * time, and does nothing else: no token, no store, no log. HTTP/1.1, and
 * HTTP/2 by prior knowledge, as the gateway.
 *
 * usage: flicket-bare [THREADS]
 *
 * Listens on a port of 127.0.0.1 that was free, which is the first line on
 * stdout; ends when stdin does.
 */
#include <h2o.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY_MOST	(4 << 20)
#define THREADS_MOST	64

struct worker {
	h2o_context_t		 ctx;
	h2o_accept_ctx_t	 accept;
	pthread_t		 thread;
};

static h2o_globalconf_t	config;
static char		body[BODY_MOST];

static void
fail(const char *what)
{
	fprintf(stderr, "flicket-bare: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* "/200/1000" */
static bool
read_path(const h2o_req_t *req, int *ret_status, size_t *ret_len)
{
	char	path[32], *end;
	long	len;

	if (req->path_normalized.len >= sizeof(path))
		return false;
	memcpy(path, req->path_normalized.base, req->path_normalized.len);
	path[req->path_normalized.len] = '\0';
	*ret_status = (int)strtol(path + 1, &end, 10);
	if (*end != '/' || *ret_status < 200 || *ret_status > 599)
		return false;
	len = strtol(end + 1, &end, 10);
	*ret_len = (size_t)len;
	return *end == '\0' && len >= 0 && len <= BODY_MOST;
}

static int
on_request(h2o_handler_t *handler, h2o_req_t *req)
{
	static h2o_generator_t	generator;
	h2o_iovec_t		out;
	int			status;
	size_t			len;

	(void)handler;
	if (!read_path(req, &status, &len)) {
		h2o_send_error_404(req, "Not Found", "not found\n", 0);
		return 0;
	}
	req->res.status = status;
	req->res.reason = "As asked";
	if (status != 304)
		req->res.content_length = len;
	h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE,
	    NULL, H2O_STRLIT("application/json"));
	out = h2o_iovec_init(body, len);
	h2o_start_response(req, &generator);
	h2o_send(req, &out, len > 0, H2O_SEND_STATE_FINAL);
	return 0;
}

static void
on_accept(h2o_socket_t *listener, const char *err)
{
	struct worker	*w = listener->data;
	h2o_socket_t	*sock;

	if (err == NULL &&
	    (sock = h2o_evloop_socket_accept(listener)) != NULL)
		h2o_accept(&w->accept, sock);
}

static int
listen_anywhere(void)
{
	struct sockaddr_in	sa = { .sin_family = AF_INET };
	socklen_t		len = sizeof(sa);
	int			fd = socket(AF_INET, SOCK_STREAM |
				    SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sa, len) == -1 ||
	    listen(fd, 4096) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) == -1)
		fail("listen");
	printf("%u\n", (unsigned)ntohs(sa.sin_port));
	fflush(stdout);
	return fd;
}

static void *
work(void *arg)
{
	struct worker	*w = arg;

	while (h2o_evloop_run(w->ctx.loop, INT32_MAX) == 0)
		continue;
	return NULL;
}

static void
start_worker(struct worker *w, int fd)
{
	h2o_socket_t	*listener;

	h2o_context_init(&w->ctx, h2o_evloop_create(), &config);
	w->accept.ctx = &w->ctx;
	w->accept.hosts = config.hosts;
	listener = h2o_evloop_socket_create(w->ctx.loop, dup(fd),
	    H2O_SOCKET_FLAG_DONT_READ);
	listener->data = w;
	h2o_socket_read_start(listener, on_accept);
	if (pthread_create(&w->thread, NULL, work, w) != 0)
		fail("pthread_create");
}

int
main(int argc, char **argv)
{
	static struct worker	 workers[THREADS_MOST];
	int			 threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 1, fd;
	h2o_hostconf_t		*host;
	h2o_pathconf_t		*path;

	if (argc > 2 || threads < 1 || threads > THREADS_MOST) {
		fprintf(stderr, "usage: flicket-bare [THREADS]\n");
		return 2;
	}
	/* the load generator hangs up while answers are on their way */
	signal(SIGPIPE, SIG_IGN);
	memset(body, 'x', sizeof(body));
	h2o_config_init(&config);
	host = h2o_config_register_host(&config,
	    h2o_iovec_init(H2O_STRLIT("default")), 65535);
	path = h2o_config_register_path(host, "/", 0);
	h2o_create_handler(path, sizeof(h2o_handler_t))->on_req = on_request;
	fd = listen_anywhere();
	for (int i = 0; i < threads; i++)
		start_worker(&workers[i], fd);
	while (getchar() != EOF)
		continue;
	return 0;
}
