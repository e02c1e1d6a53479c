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

/* Read certificate and key. An error is a message and exit status 2. */
void	tls_load(const struct settings *);

/* Read them again. An error is logged, and the ones from before stay. */
void	tls_reload(void);

/*
 * The context that new connections are accepted with, NULL without TLS. Each
 * worker calls this with the one it had last (first NULL), which it must not use
 * afterwards.
 */
SSL_CTX	*tls_renew(SSL_CTX *last);

#endif
