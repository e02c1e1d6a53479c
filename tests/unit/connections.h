/*
 * Connections in a table: their sockets are numbers, and tcp.c and the part of
 * libh2o that reads them are played. To be included by one file of a test.
 */
#ifndef UNIT_CONNECTIONS_H
#define UNIT_CONNECTIONS_H

#include <h2o.h>

#include "gateway/http/connection/connection_private.h"
#include "gateway/http/connection/tcp.h"
#include "unit.h"

#define NOW_MS	100000

static const struct settings	settings = { .idle_timeout_ms = 1000 };
static struct gateway		gateway;
static struct worker		worker;
static struct connection	connections[100];
static h2o_socket_t		socks[100];
static h2o_buffer_t		inputs[100];

static struct connection *
add(unsigned i, int64_t idle_ms)
{
	struct connection	*c = &connections[i];

	c->worker = &worker;
	c->sock = &socks[i];
	socks[i].input = &inputs[i];
	inputs[i].size = 0;
	connection_touch(c, NOW_MS - idle_ms);
	return c;
}

static int	unread = -1;	/* whose bytes wait to be read */
static bool	is_ended[100];
static uint64_t	come[100], gone[100];	/* bytes */

/* --- in the place of tcp.c and of libh2o -------------------------------------- */

int
h2o_socket_get_fd(h2o_socket_t *sock)
{
	return (int)(sock - socks);
}

uint64_t
tcp_received(int fd)
{
	return come[fd];
}

uint64_t
tcp_taken(int fd)
{
	return gone[fd];
}

bool
tcp_has_input(int fd)
{
	return fd == unread;
}

void
tcp_shut(int fd)
{
	is_ended[fd] = true;
}

void
tcp_cut(int fd)
{
	is_ended[fd] = true;
}

void
h2o_socket_read_stop(h2o_socket_t *sock)
{
	sock->_cb.read = NULL;
}

void
h2o_socket_read_start(h2o_socket_t *sock, h2o_socket_cb cb)
{
	sock->_cb.read = cb;
}

/* ------------------------------------------------------------------------------ */

/* The connection that has a request whose body is coming. */
static int	uploads;

static h2o_socket_t *
get_socket(h2o_conn_t *conn)
{
	(void)conn;
	return &socks[uploads];
}

static int
each_request(h2o_context_t *ctx, int (*call)(h2o_req_t *, void *), void *data)
{
	static const h2o_conn_callbacks_t	callbacks = {
		.get_socket = get_socket };
	static h2o_conn_t	conn = { .callbacks = &callbacks };
	h2o_req_t		req = { .conn = &conn };

	(void)ctx;
	if (uploads == -1)
		return 0;
	socks[uploads].on_close.data = &connections[uploads];
	req.input.method = h2o_iovec_init(H2O_STRLIT("POST"));
	req.version = 0x101;
	return call(&req, data);
}

static int
no_request(h2o_context_t *ctx, int (*call)(h2o_req_t *, void *), void *data)
{
	(void)ctx;
	(void)call;
	(void)data;
	return 0;
}

static void
start_over(void)
{
	static h2o_globalconf_t	conf = {
		.http1.callbacks.foreach_request = no_request,
		.http2.callbacks.foreach_request = each_request };

	memset(&worker, 0, sizeof(worker));
	worker.ctx.globalconf = &conf;
	uploads = -1;
	memset(connections, 0, sizeof(connections));
	memset(is_ended, 0, sizeof(is_ended));
	memset(come, 0, sizeof(come));
	memset(gone, 0, sizeof(gone));
	unread = -1;
	memset(socks, 0, sizeof(socks));
	memset(&gateway, 0, sizeof(gateway));
	gateway.settings = &settings;
	worker.gateway = &gateway;
	connections_init(&worker);
}

#endif
