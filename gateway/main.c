/* The gateway's process: a listening socket, workers, signals, the end. */
#include <sys/resource.h>

#include <czmq.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>

#include "bus.h"
#include "connection.h"
#include "health.h"
#include "proto/curve.h"
#include "proto/harden.h"
#include "proto/log.h"
#include "proto/metrics.h"
#include "proto/program.h"
#include "proto/replica.h"
#include "proto/resolve.h"
#include "tls.h"
#include "tokens.h"
#include "trace.h"

#define BACKLOG		4096
#define ACCEPTS_MOST	64	/* in one turn of the loop */
#define SETTLE_MS	100	/* after SIGTERM, for requests on their way in */

/* --- listening ------------------------------------------------------------------ */

static int
open_listener(const struct addrinfo *ai)
{
	int	fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, ai->ai_protocol);
	int	on = 1, off = 0;

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Where port 0 led to is for others to read. */
static void
write_address(int fd)
{
	struct sockaddr_storage	ss;
	socklen_t		len = sizeof(ss);
	char			host[NI_MAXHOST], port[NI_MAXSERV];
	FILE			*f;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1 ||
	    getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		log_fatal("the listening address cannot be read");
	log_info("listening on %s port %s", host, port);
	f = fopen("run/gateway.address", "w");
	if (f == NULL || fprintf(f, strchr(host, ':') != NULL ? "[%s]:%s\n" :
	    "%s:%s\n", host, port) < 0 || fclose(f) != 0)
		log_fatal("run/gateway.address: %s", strerror(errno));
}

static int
listen_on(const char *address)
{
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo	*list;
	char		 host[256], service[8];
	uint16_t	 port;
	int		 fd = -1, e;

	CHECK(settings_split_address(address, host, sizeof(host), &port));
	snprintf(service, sizeof(service), "%u", (unsigned)port);
	e = getaddrinfo(strcmp(host, "*") == 0 ? "::" : host, service, &hints,
	    &list);
	if (e != 0)
		log_fatal("FLICKET_LISTEN: %s: %s", address, gai_strerror(e));
	for (struct addrinfo *ai = list; ai != NULL && fd == -1;
	    ai = ai->ai_next)
		fd = open_listener(ai);
	freeaddrinfo(list);
	if (fd == -1)
		log_fatal("FLICKET_LISTEN: cannot listen on %s: %s", address,
		    strerror(errno));
	write_address(fd);
	return fd;
}

/* --- workers ---------------------------------------------------------------------- */

#define WARN_MS		10000	/* between two words on it */

/*
 * Out of descriptors, or as many connections as there may be: further ones
 * wait in the kernel until the next tick, or the loop would do nothing else.
 */
static void
pause_accepting(struct worker *w, const char *why)
{
	int64_t	now_ms = clock_ms();

	if (w->warned_ms == 0 || now_ms - w->warned_ms > WARN_MS) {
		log_warn("%s: connections have to wait", why);
		w->warned_ms = now_ms;
	}
	w->paused = true;
	h2o_socket_read_stop(w->listener);
}

/* False if there is none, or none can be had. */
static bool
accept_one(struct worker *w)
{
	h2o_socket_t	*sock;

	if (!connection_reserve(w->gateway)) {
		connections_make_room(w, clock_ms());
		pause_accepting(w, "as many as there may be are open");
		return false;
	}
	errno = 0;
	sock = h2o_evloop_socket_accept(w->listener);
	if (sock == NULL) {
		connection_release(w->gateway);
		if (errno == EMFILE || errno == ENFILE)
			pause_accepting(w, "no more descriptors");
		return false;
	}
	connection_open(w, sock);
	h2o_accept(&w->accept, sock);
	return true;
}

static void
on_accept(h2o_socket_t *listener, const char *err)
{
	struct worker	*w = listener->data;

	if (err != NULL)
		return;
	for (int i = 0; i < ACCEPTS_MOST; i++)
		if (!accept_one(w))
			return;
}

static void
begin_stop(struct worker *w, int64_t now_ms)
{
	w->stop_ms = now_ms;
	/* whoever is in the backlog was there before the end */
	on_accept(w->listener, NULL);
	h2o_socket_close(w->listener);
	w->listener = NULL;
	h2o_context_request_shutdown(&w->ctx);
}

static void
on_tick(h2o_timeout_entry_t *entry)
{
	struct worker	*w = H2O_STRUCT_FROM_MEMBER(struct worker, tick, entry);
	int64_t		 now_ms = clock_ms();

	bus_tick(w->bus, now_ms);
	connections_tick(w, now_ms);
	w->accept.ssl_ctx = tls_renew(w->accept.ssl_ctx);
	if (w->paused && w->stop_ms == 0) {
		w->paused = false;
		h2o_socket_read_start(w->listener, on_accept);
	}
	if (w->stop_ms == 0 && atomic_load(&w->gateway->stopping))
		begin_stop(w, now_ms);
	h2o_timeout_link(w->ctx.loop, &w->tick_timeout, &w->tick);
}

/* What is under way is finished; then, or after a while, it is over. */
static bool
is_over(const struct worker *w)
{
	int64_t	since_ms = clock_ms() - w->stop_ms;

	if (w->stop_ms == 0)
		return false;
	return (w->exchanges == 0 && since_ms >= SETTLE_MS) ||
	    since_ms >= w->gateway->settings->stop_seconds * 1000;
}

static void
worker_init(struct worker *w, struct gateway *g)
{
	int	fd = dup(g->listener);

	CHECK(fd != -1);
	w->gateway = g;
	h2o_context_init(&w->ctx, h2o_evloop_create(), &g->conf);
	w->accept.ctx = &w->ctx;
	w->accept.hosts = g->conf.hosts;
	w->accept.ssl_ctx = tls_renew(NULL);
	w->tokens = tokens_new();
	h2o_linklist_init_anchor(&w->connections);
	w->bus = bus_new(w);
	w->listener = h2o_evloop_socket_create(w->ctx.loop, fd,
	    H2O_SOCKET_FLAG_DONT_READ);
	w->listener->data = w;
	h2o_socket_read_start(w->listener, on_accept);
	w->tick.cb = on_tick;
	h2o_timeout_init(w->ctx.loop, &w->tick_timeout, TICK_MS);
	h2o_timeout_link(w->ctx.loop, &w->tick_timeout, &w->tick);
}

/*
 * The end of a worker is the end of the process soon after; connections that
 * are still open are the kernel's to close.
 */
static void *
worker_run(void *arg)
{
	struct worker	*w = arg;

	while (!is_over(w))
		h2o_evloop_run(w->ctx.loop, TICK_MS);
	bus_destroy(&w->bus);
	tokens_destroy(&w->tokens);
	return NULL;
}

/* --- the process -------------------------------------------------------------------- */

static sigset_t
block_signals(void)
{
	sigset_t	set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	/* before any thread is made, so that all of them inherit it */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return set;
}

/* A connection is a descriptor: as many as the system lets us have. */
static void
raise_limits(struct gateway *g, const struct settings *s)
{
	struct rlimit	limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_fatal("the limit of descriptors cannot be read: %s",
		    strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	g->connections_most = connections_most(s, limit.rlim_cur);
	if (g->connections_most < s->max_connections)
		log_info("at most %lld connections: there are %llu "
		    "descriptors (ulimit -n)", (long long)g->connections_most,
		    (unsigned long long)limit.rlim_cur);
}

static void
run_workers(struct gateway *g, const sigset_t *signals)
{
	size_t		 count = (size_t)g->settings->gateway_threads;
	struct worker	*workers = must_alloc(count * sizeof(workers[0]));
	pthread_t	*threads = must_alloc(count * sizeof(threads[0]));
	int		 signal_number;

	for (size_t i = 0; i < count; i++) {
		worker_init(&workers[i], g);
		if (pthread_create(&threads[i], NULL, worker_run,
		    &workers[i]) != 0)
			log_fatal("a thread cannot be started: %s",
			    strerror(errno));
	}
	while (sigwait(signals, &signal_number) != 0 ||
	    signal_number == SIGHUP) {
		curve_reload();
		tls_reload();
	}
	log_info("stopping");
	atomic_store(&g->stopping, true);
	close(g->listener);	/* each worker closes its copy */
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	log_info("stopped");
}

int
main(int argc, char **argv)
{
	static struct gateway	gateway;
	struct settings		settings;
	bool			health;
	sigset_t		signals;

	log_set_name("gateway");
	health = program_arguments("flicket-gateway", argc, argv);
	settings_load(&settings);
	if (health)
		return health_check(&settings);
	harden_secrets(&settings, false);
	curve_load(&settings, PARTY_GATEWAY);
	tls_load(&settings);
	signals = block_signals();
	raise_limits(&gateway, &settings);
	harden_owner(&settings);
	settings_enter_data(&settings);
	gateway.listener = listen_on(settings.listen);
	harden(&settings, NULL);
	zsys_handler_set(NULL);
	zsys_init();	/* before any thread: czmq's first socket is no race */
	metrics_start(PART_GATEWAY);
	curve_start();
	gateway_init(&gateway, &settings);
	trace_init();
	gateway.resolver = resolver_new(&settings, ~UINT64_C(0));
	run_workers(&gateway, &signals);
	/* no clean-up of h2o: it cannot let go of open connections */
	curve_stop();
	fflush(NULL);
	_exit(0);
}
