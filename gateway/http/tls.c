/*
 * One context at a time is the newest. It is counted: this file holds it
 * once, each worker holds the one it accepts with, and each connection its
 * own.
 *
 * Sessions are resumed from a cache in memory, not by tickets: what protects
 * tickets is one key for as long as the context lives, and an attacker who gets
 * that key reads all earlier connections of TLS 1.2.
 */
#include "gateway/http/tls.h"

#include <sys/stat.h>

#include <errno.h>
#include <h2o.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/visible.h"

#define SESSIONS		10000
#define SESSION_SECONDS		3600
#define WHY_BYTES		512
/* for TLS 1.2: forward secrecy and authenticated encryption, nothing else */
#define CIPHERS			"ECDHE+AESGCM:ECDHE+CHACHA20"

/* in the order of preference; a client that offers neither gets HTTP/1 */
static const h2o_iovec_t protocols[] = {
	{ H2O_STRLIT("h2") }, { H2O_STRLIT("http/1.1") }, { NULL, 0 }
};

/*
 * A context that was replaced. h2o counts no reference from the time it
 * accepts a connection until the client's first bytes, so this one is kept
 * until no handshake can be left that began with it.
 */
struct retired {
	SSL_CTX		*ctx;
	int64_t		 until_ms;
	struct retired	*next;
};

static struct {
	const char	*cert;		/* NULL: no TLS */
	const char	*key;
	int64_t		 handshake_ms;	/* longest one */
	pthread_mutex_t	 mutex;		/* of the newest */
	SSL_CTX		*newest;
	struct retired	*retired;
} tls = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* OpenSSL's last error, with ours in front. */
static bool
explain_tls(char why[WHY_BYTES], const char *setting, const char *path,
    const char *what)
{
	unsigned long	 e = ERR_peek_last_error();
	const char	*reason = e == 0 ? NULL : ERR_reason_error_string(e);

	snprintf(why, WHY_BYTES, "%s: %.250s: %s%s%s%s", setting, path, what,
	    reason == NULL ? "" : " (", reason == NULL ? "" : reason,
	    reason == NULL ? "" : ")");
	ERR_clear_error();
	return false;
}

/* No terminal is asked: a key with a passphrase does not load. */
static int
no_passphrase(char *ret, int size, int writing, void *arg)
{
	(void)ret, (void)size, (void)writing, (void)arg;
	return -1;
}

static bool
can_read(const char *setting, const char *path, char why[WHY_BYTES])
{
	FILE	*f = fopen(path, "re");

	if (f == NULL)
		return explain_tls(why, setting, path, strerror(errno));
	fclose(f);
	return true;
}

static bool
use_files(SSL_CTX *ctx, char why[WHY_BYTES])
{
	ERR_clear_error();
	if (!can_read("FLICKET_TLS_CERT", tls.cert, why) ||
	    !can_read("FLICKET_TLS_KEY", tls.key, why))
		return false;
	if (SSL_CTX_use_certificate_chain_file(ctx, tls.cert) != 1)
		return explain_tls(why, "FLICKET_TLS_CERT", tls.cert,
		    "this is not a certificate in PEM");
	if (SSL_CTX_use_PrivateKey_file(ctx, tls.key, SSL_FILETYPE_PEM) != 1)
		return explain_tls(why, "FLICKET_TLS_KEY", tls.key, "this is not "
		    "a private key in PEM without a passphrase, or not that "
		    "of the certificate");
	if (SSL_CTX_check_private_key(ctx) != 1)
		return explain_tls(why, "FLICKET_TLS_KEY", tls.key,
		    "this is not the key of the certificate");
	return true;
}

/* Worth a line, though it works. */
static void
warn_of_files(SSL_CTX *ctx)
{
	const X509	*cert = SSL_CTX_get0_certificate(ctx);
	struct stat	 st;

	if (X509_cmp_current_time(X509_get0_notAfter(cert)) <= 0)
		log_warn("FLICKET_TLS_CERT: %s: the certificate has expired",
		    tls.cert);
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		log_warn("FLICKET_TLS_CERT: %s: the certificate is not valid "
		    "yet", tls.cert);
	if (stat(tls.key, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		log_warn("FLICKET_TLS_KEY: %s: everybody may read it",
		    tls.key);
}

/* NULL, with the reason in why, if the files do not make one. */
static SSL_CTX *
make_context(char why[WHY_BYTES])
{
	static const unsigned char	 id[] = "flicket";
	SSL_CTX				*ctx = SSL_CTX_new(TLS_server_method());

	CHECK(ctx != NULL);
	CHECK(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
	CHECK(SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
	SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1);
	SSL_CTX_sess_set_cache_size(ctx, SESSIONS);
	SSL_CTX_set_timeout(ctx, SESSION_SECONDS);
	h2o_ssl_register_alpn_protocols(ctx, protocols);
	if (use_files(ctx, why)) {
		warn_of_files(ctx);
		return ctx;
	}
	SSL_CTX_free(ctx);
	return NULL;
}

void
tls_load(const struct settings *s)
{
	char	why[WHY_BYTES];

	if (s->tls_cert[0] == '\0')
		return;
	tls.cert = s->tls_cert;
	tls.key = s->tls_key;
	tls.handshake_ms = s->idle_timeout_ms;
	tls.newest = make_context(why);
	if (tls.newest == NULL) {
		visible_printf(stderr, "%s\n", why);
		exit(2);
	}
}

/* Keep a replaced context for a while, and let go of those kept long enough. */
static void
retire_context(SSL_CTX *ctx)
{
	int64_t		  now_ms = clock_ms();
	struct retired	**link = &tls.retired, *r;

	while ((r = *link) != NULL) {
		if (now_ms < r->until_ms) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		SSL_CTX_free(r->ctx);
		free(r);
	}
	r = must_alloc(sizeof(*r));
	r->ctx = ctx;
	r->until_ms = now_ms + 2 * tls.handshake_ms + 1000;
	r->next = tls.retired;
	tls.retired = r;
}

void
tls_reload(void)
{
	SSL_CTX	*fresh, *old;
	char	 why[WHY_BYTES];

	if (tls.cert == NULL)
		return;
	fresh = make_context(why);
	if (fresh == NULL) {
		log_error("%s; going on with the certificate from before", why);
		return;
	}
	pthread_mutex_lock(&tls.mutex);
	old = tls.newest;
	tls.newest = fresh;
	pthread_mutex_unlock(&tls.mutex);
	retire_context(old);
	log_info("the certificate was read anew");
}

SSL_CTX *
tls_renew(SSL_CTX *last)
{
	SSL_CTX	*newest;

	if (tls.cert == NULL)
		return NULL;
	pthread_mutex_lock(&tls.mutex);
	newest = tls.newest;
	if (newest != last)
		SSL_CTX_up_ref(newest);
	pthread_mutex_unlock(&tls.mutex);
	if (newest != last)
		SSL_CTX_free(last);
	return newest;
}
