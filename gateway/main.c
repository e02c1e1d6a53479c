/* The gateway's process: a listening socket, workers, signals, the end. */
#include <czmq.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>

#include "base/clock.h"
#include "base/listener.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/process/harden.h"
#include "base/process/program.h"
#include "base/process/rlimits.h"
#include "base/process/signals.h"
#include "base/process/stderr.h"
#include "base/wall.h"
#include "gateway/bus/bus.h"
#include "gateway/cache/responses.h"
#include "gateway/cache/tokens.h"
#include "gateway/core/exchange.h"
#include "gateway/core/trace.h"
#include "gateway/health.h"
#include "gateway/http/connection/connection.h"
#include "gateway/http/connection/frames.h"
#include "gateway/http/connection/idle.h"
#include "gateway/http/connection/parting.h"
#include "gateway/http/connection/rest.h"
#include "gateway/http/framing.h"
#include "gateway/http/gzip.h"
#include "gateway/http/hpack.h"
#include "gateway/http/timers.h"
#include "gateway/http/tls.h"
#include "gateway/memory.h"
#include "gateway/server.h"
#include "proto/labels.h"
#include "proto/peer/curve.h"
#include "proto/peer/resolve.h"

#define ACCEPTS_MOST	64	/* in one turn of the loop */
#define CONNECTIONS_LEAST 16	/* that base/process/rlimits.c leaves room for */

/* --- listening ------------------------------------------------------------------ */

/* Others read where port 0 led to; a full disk does not prevent the start. */
static void
write_address(int fd)
{
	char	address[NI_MAXHOST + NI_MAXSERV];
	FILE	*f;

	if (listener_address(fd, address, sizeof(address)) == -1)
		log_fatal("the listening address cannot be read: %s",
		    strerror(errno));
	log_info("listening on %s", address);
	f = fopen("run/gateway.address", "w");
	if (f == NULL || fprintf(f, "%s\n", address) < 0 || fclose(f) != 0)
		log_error("run/gateway.address: %s", strerror(errno));
}

static _Noreturn void
refuse_address(const char *address, int error)
{
	if (!listener_may_recover(error))
		log_refuse("FLICKET_LISTEN: cannot listen on %s: %s", address,
		    strerror(error));
	log_fatal("FLICKET_LISTEN: cannot listen on %s: %s%s", address,
	    strerror(error), error == EADDRINUSE ? LISTENER_CHOOSE : "");
}

/* A socket that was handed to us stays open in the process that did. */
static int
listen_on_address(const char *address)
{
	int	fd = listener_handed();

	if (fd == -1)
		fd = listener_open(address);
	if (fd == -1)
		refuse_address(address, errno);
	write_address(fd);
	return fd;
}

/* --- workers ---------------------------------------------------------------------- */

#define WARN_MS		10000	/* between two words on it */

/*
 * Out of descriptors, or as many connections as there may be: those that ask
 * for nothing make room, and further ones wait in the kernel until the next
 * tick, or the loop would do nothing else.
 */
static void
pause_accepting(struct worker *w, const char *why)
{
	int64_t	now_ms = clock_ms();

	if (w->warned_ms == 0 || now_ms - w->warned_ms > WARN_MS) {
		log_warn("%s: connections have to wait", why);
		w->warned_ms = now_ms;
	}
	idle_make_room(w, now_ms);
	w->paused = true;
	h2o_socket_read_stop(w->listener);
}

/* False: no connection waits, or none can be accepted. */
static bool
accept_one(struct worker *w)
{
	h2o_socket_t	*sock;

	if (!connection_reserve(w->gateway)) {
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
begin_worker_stop(struct worker *w, int64_t now_ms)
{
	w->stop_ms = now_ms;
	/* clients in the backlog came before the end */
	while (accept_one(w))
		continue;
	h2o_socket_close(w->listener);
	w->listener = NULL;
	parting_begin(w);
}

static void
on_worker_tick(h2o_timeout_entry_t *entry)
{
	struct worker	*w = H2O_STRUCT_FROM_MEMBER(struct worker, tick, entry);
	int64_t		 now_ms = clock_ms();

	wall_watch();
	bus_tick(w->bus, now_ms);
	memory_tick(w, now_ms);
	rest_tick(w, now_ms);
	idle_tick(w, now_ms);
	w->accept.ssl_ctx = tls_renew(w->accept.ssl_ctx);
	if (w->paused && w->stop_ms == 0) {
		w->paused = false;
		h2o_socket_read_start(w->listener, on_accept);
	}
	if (w->stop_ms == 0 && atomic_load(&w->gateway->stopping))
		begin_worker_stop(w, now_ms);
	if (w->stop_ms != 0)
		parting_tick(w, now_ms);
	h2o_timeout_link(w->ctx.loop, &w->tick_timeout, &w->tick);
}

/* Requests under way are finished; then, or after a while, it is over. */
static bool
is_worker_over(const struct worker *w)
{
	if (w->stop_ms == 0)
		return false;
	if (w->connections.next == &w->connections)
		return true;
	if (clock_ms() - w->stop_ms < w->gateway->settings->stop_seconds * 1000)
		return false;
	log_warn("FLICKET_STOP_SECONDS are over: %u connections are ended, "
	    "with %u requests under way", connections_count(w), w->exchanges);
	return true;
}

/* Another version may answer the same request in another form. */
static void
on_restarted(struct worker *w)
{
	responses_clear(w->responses);
}

static const struct bus_events bus_events = {
	.answered = exchange_resume,
	.waited = trace_waited,
	.crowded = exchange_crowd,
	.extended = exchange_extend,
	.restarted = on_restarted,
};

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
	w->responses = responses_new((size_t)(g->settings->memory_mb << 20) /
	    RESPONSES_PART / (size_t)g->settings->gateway_threads);
	memory_init(w);
	connections_init(w);
	w->bus = bus_new(w, &bus_events);
	w->listener = h2o_evloop_socket_create(w->ctx.loop, fd,
	    H2O_SOCKET_FLAG_DONT_READ);
	w->listener->data = w;
	h2o_socket_read_start(w->listener, on_accept);
	w->tick.cb = on_worker_tick;
	h2o_timeout_init(w->ctx.loop, &w->tick_timeout, TICK_MS);
	h2o_timeout_link(w->ctx.loop, &w->tick_timeout, &w->tick);
}

/*
 * The end of a worker is the end of the process soon after; connections that
 * are still open are the kernel's to close. Until then the thread waits: h2o
 * keeps memory for each thread, which would look lost without it.
 */
static void *
worker_run(void *arg)
{
	struct worker	*w = arg;

	timers_carry(w->ctx.loop);
	while (!is_worker_over(w))
		h2o_evloop_run(w->ctx.loop, TICK_MS);
	bus_destroy(&w->bus);
	tokens_destroy(&w->tokens);
	responses_destroy(&w->responses);
	gzip_destroy(&w->gzip);
	CHECK(sem_post(&w->gateway->ended) == 0);
	for (;;)
		poll(NULL, 0, -1);
}

/* --- the process -------------------------------------------------------------------- */

/*
 * A connection is a descriptor: as many as the system lets us have, less what
 * we need for ourselves.
 */
static void
take_limits(struct gateway *g, const struct settings *s)
{
	uint64_t	have = rlimits_take(s, RLIMITS_GATEWAY);
	int64_t		room = (int64_t)(have - rlimits_descriptors(s,
			    RLIMITS_GATEWAY)) + CONNECTIONS_LEAST;

	g->connections_most = connections_most(s, have);
	if (g->connections_most > room)
		g->connections_most = room;
	if (g->connections_most < s->max_connections)
		log_info("at most %lld connections: there are %llu "
		    "descriptors (ulimit -n)", (long long)g->connections_most,
		    (unsigned long long)have);
}

static void
run_workers(struct gateway *g, const sigset_t *signals)
{
	size_t		 count = (size_t)g->settings->gateway_threads;
	pthread_t	 thread;
	int		 signal_number;

	CHECK(sem_init(&g->ended, 0, 0) == 0);
	g->workers = must_alloc(count * sizeof(g->workers[0]));
	for (size_t i = 0; i < count; i++) {
		worker_init(&g->workers[i], g);
		if (pthread_create(&thread, NULL, worker_run,
		    &g->workers[i]) != 0)
			log_fatal("a thread cannot be started: %s",
			    strerror(errno));
	}
	while (sigwait(signals, &signal_number) != 0 ||
	    signal_number == SIGHUP) {
		curve_reload();
		tls_reload();
	}
	atomic_store(&g->stopping, true);
	log_info("stopping");
	close(g->listener);	/* each worker closes its copy */
	for (size_t i = 0; i < count; i++)
		while (sem_wait(&g->ended) == -1)
			CHECK(errno == EINTR);
	log_info("stopped");
}

/* Ends the process if memory was lost; absent without the sanitizer. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier): the sanitizer's own name */
void	__lsan_do_leak_check(void) __attribute__((weak));

int
main(int argc, char **argv)
{
	static struct gateway	gateway;
	struct settings		settings;
	bool			health;
	sigset_t		signals;

	log_set_name("gateway");
	health = program_arguments("flicket-gateway", argc, argv, NULL);
	settings_load(&settings);
	if (health)
		return health_check(&settings);
	harden_secrets(&settings, false);
	curve_load(&settings, PARTY_GATEWAY);
	tls_load(&settings);
	signals = signals_block();
	wall_watch();
	take_limits(&gateway, &settings);
	harden_owner(&settings);
	settings_enter_data(&settings);
	rlimits_try_threads(&settings, RLIMITS_GATEWAY);
	gateway.listener = listen_on_address(settings.listen);
	harden(&settings, NULL);
	stderr_take();
	zsys_handler_set(NULL);
	zsys_init();	/* before any thread: czmq's first socket is no race */
	metrics_start(PART_GATEWAY);
	labels_name();
	curve_start();
	frames_init();
	framing_init();
	hpack_init();
	server_init(&gateway, &settings);
	trace_init();
	gateway.resolver = resolver_new(&settings, ~UINT64_C(0));
	run_workers(&gateway, &signals);
	/* no clean-up of h2o: it cannot let go of open connections */
	curve_stop();
	fflush(NULL);
	/* what a sanitizer does at exit() is left out by _exit() */
	if (__lsan_do_leak_check != NULL)
		__lsan_do_leak_check();
	stderr_end();
	_exit(0);
}
