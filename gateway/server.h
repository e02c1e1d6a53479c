/* The gateway's part in libh2o's configuration: one host, one handler. */
#ifndef GATEWAY_SERVER_H
#define GATEWAY_SERVER_H

#include "gateway/worker.h"

/*
 * Fill the configuration, the routes and the URL prefixes; before any worker is
 * made. The settings must outlive the gateway.
 */
void	server_init(struct gateway *, const struct settings *);

#endif
