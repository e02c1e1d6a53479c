/* The health check: one request, over TLS where the gateway speaks it. */
#include "gateway/health.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_SECONDS	3

/* The address to connect to: "*" is this host, too. */
static bool
find_address(const struct settings *s, char *ret, size_t size)
{
	char		host[256];
	uint16_t	port;

	if (!settings_split_address(s->listen, host, sizeof(host), &port))
		return false;
	snprintf(ret, size, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u",
	    strcmp(host, "*") == 0 ? "127.0.0.1" : host, (unsigned)port);
	return true;
}

/* The certificate is not checked: it is for clients, not for this host. */
static BIO *
connect_to(const char *address, bool tls, SSL_CTX **ret_ctx)
{
	BIO	*bio;

	*ret_ctx = NULL;
	if (!tls)
		bio = BIO_new_connect(address);
	else {
		*ret_ctx = SSL_CTX_new(TLS_client_method());
		bio = *ret_ctx == NULL ? NULL : BIO_new_ssl_connect(*ret_ctx);
		if (bio != NULL)
			BIO_set_conn_hostname(bio, address);
	}
	if (bio != NULL && BIO_do_connect(bio) <= 0) {
		BIO_free_all(bio);
		bio = NULL;
	}
	return bio;
}

static bool
is_alive(BIO *bio)
{
	static const char	request[] = "GET /healthz HTTP/1.0\r\n"
				    "Host: localhost\r\n\r\n";
	char			answer[32];
	size_t			len = 0;
	int			n = 1;

	if (BIO_write(bio, request, sizeof(request) - 1) <= 0)
		return false;
	while (len < 12 && n > 0) {
		n = BIO_read(bio, answer + len, (int)(sizeof(answer) - 1 - len));
		len += n > 0 ? (size_t)n : 0;
	}
	return len >= 12 && memcmp(answer + 8, " 200", 4) == 0;
}

int
health_check(const struct settings *s)
{
	char	 address[300];
	SSL_CTX	*ctx;
	BIO	*bio;
	bool	 alive;

	if (!find_address(s, address, sizeof(address))) {
		fprintf(stderr, "FLICKET_LISTEN: \"%s\" is not an address\n",
		    s->listen);
		return 1;
	}
	alarm(WAIT_SECONDS);	/* the exit status shows that it took too long */
	bio = connect_to(address, s->tls_cert[0] != '\0', &ctx);
	alive = bio != NULL && is_alive(bio);
	BIO_free_all(bio);
	SSL_CTX_free(ctx);
	if (!alive)
		fprintf(stderr, "the gateway does not answer at %s\n", address);
	return alive ? 0 : 1;
}
