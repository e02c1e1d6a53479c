/* Locking and listening. */
#include "services/runtime/socket/endpoint.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/listener.h"
#include "base/log.h"
#include "proto/frame.h"
#include "proto/peer/curve.h"

#define PROCESSES_MOST		64	/* with socket files of one name */
#define QUEUE_MESSAGES		10000	/* for a peer that does not read */
#define READ_AHEAD_MESSAGES	16	/* of each peer; more wait there */
#define LINGER_MS		500

/* The address of the n-th process, and the lock file beside it. */
static void
put_names(const char *address, int n, struct buf *ret, struct buf *ret_lock)
{
	const char	*path = address + strlen("ipc://");
	size_t		 stem = strlen(path) - strlen(".sock");

	ret->len = ret_lock->len = 0;
	if (n == 0)
		buf_printf(ret, "%s", address);
	else
		buf_printf(ret, "ipc://%.*s.%d.sock", (int)stem, path, n);
	buf_printf(ret_lock, "%s.lock", ret->base + strlen("ipc://"));
}

/* A wrong setting stays wrong: the supervisor is not to try it again. */
static _Noreturn void
refuse(const char *address, int error)
{
	if (listener_may_recover(error))
		log_fatal("cannot listen on %s: %s", address,
		    zmq_strerror(error));
	log_refuse("cannot listen on %s: %s", address, zmq_strerror(error));
}

/* Take the first address that is free. */
static void
lock_address(struct endpoint *e, const char *address, struct buf *ret)
{
	struct buf	lock = { 0 };

	for (int i = 0; i < PROCESSES_MOST; i++) {
		put_names(address, i, ret, &lock);
		e->lock = open(lock.base, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (e->lock == -1)
			refuse(lock.base, errno);
		if (flock(e->lock, LOCK_EX | LOCK_NB) == 0)
			break;
		close(e->lock);
		e->lock = -1;
	}
	buf_done(&lock);
	if (e->lock == -1)
		log_fatal("%d processes listen at %s already", PROCESSES_MOST,
		    address);
}

static bool
is_socket_file(const char *address)
{
	size_t	len = strlen(address);

	return strncmp(address, "ipc://", 6) == 0 && address[6] != '@' &&
	    len > 11 && strcmp(address + len - 5, ".sock") == 0;
}

static void
find_address(struct endpoint *e, const struct settings *settings,
    enum service_id id, struct buf *ret)
{
	const char	*address = settings->bind;

	if (address[0] == '\0')
		address = settings_endpoint(settings, id);
	if (is_socket_file(address))
		lock_address(e, address, ret);
	else
		buf_printf(ret, "%s", address);
}

static void
listen_at_address(struct endpoint *e, const char *address)
{
	e->router = zsock_new(ZMQ_ROUTER);
	CHECK(e->router != NULL);
	zsock_set_linger(e->router, LINGER_MS);
	zsock_set_sndhwm(e->router, QUEUE_MESSAGES);
	zsock_set_rcvhwm(e->router, READ_AHEAD_MESSAGES);
	zsock_set_maxmsgsize(e->router, (int)REQUESTS_MOST_BYTES);
	zsock_set_router_mandatory(e->router, 1);
	curve_serve(e->router);
	if (zsock_bind(e->router, "%s", address) == -1)
		refuse(address, errno);
	log_line(log_routine(), "listening on %s", address);
}

void
endpoint_open(struct endpoint *e, const struct settings *settings,
    enum service_id id)
{
	struct buf	address = { 0 };

	e->lock = -1;
	find_address(e, settings, id, &address);
	listen_at_address(e, address.base);
	buf_done(&address);
}

void
endpoint_close(struct endpoint *e)
{
	zsock_destroy(&e->router);
}

void
endpoint_unlock(struct endpoint *e)
{
	if (e->lock != -1)
		close(e->lock);
	e->lock = -1;
}
