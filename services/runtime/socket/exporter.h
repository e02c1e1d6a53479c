/*
 * The exporter: a thread that answers GET /metrics and /healthz, on a port of
 * its own, for monitoring. The service itself cannot be used through it.
 */
#ifndef SOCKET_EXPORTER_H
#define SOCKET_EXPORTER_H

struct exporter;

/*
 * Listen at "host:port". If the port is in use, one of the next ports is taken:
 * several services on one host may have the same setting. Returns NULL if the
 * address is empty. Dies if it is not valid or no such port is free.
 */
struct exporter	*exporter_start(const char *address);
void		 exporter_stop(struct exporter **);

#endif
