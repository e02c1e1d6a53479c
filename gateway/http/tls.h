/*
 * TLS at the listening socket, where FLICKET_TLS_CERT and FLICKET_TLS_KEY are
 * set: TLS 1.2 and 1.3, HTTP/2 or HTTP/1.1 by ALPN. Certificate and key can
 * be read anew while everything runs; connections that are there keep what
 * they began with.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <openssl/ssl.h>

#include "base/settings.h"

/* Read certificate and key. What is wrong is a message and exit status 2. */
void	tls_load(const struct settings *);

/* Read them anew. What is wrong is logged, and those from before stay. */
void	tls_reload(void);

/*
 * What new connections are accepted with, NULL without TLS. Each worker calls
 * this with what it had last (first NULL), which may not be used afterwards.
 */
SSL_CTX	*tls_renew(SSL_CTX *last);

#endif
