/*
 * The exporter: a thread that answers GET /metrics and /healthz on a private
 * port, for those who watch a service. Nobody uses a service through it.
 */
#ifndef SOCKET_EXPORTER_H
#define SOCKET_EXPORTER_H

struct exporter;

/*
 * Listen at "host:port", or where that is taken at one of the next ports, as
 * several services on one host have one setting. NULL if the setting is
 * empty. Dies if it is no address or none of the ports is free.
 */
struct exporter	*exporter_start(const char *address);
void		 exporter_stop(struct exporter **);

#endif
