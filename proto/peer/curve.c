/* Keys on sockets. The keyring is shared by threads, under a mutex. */
#include "proto/peer/curve.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/visible.h"
#include "proto/peer/zap.h"

#define RETRY_MS	400	/* what a handshake may take */

static struct {
	enum party	 self;
	const char	*folder;	/* NULL: no keys */
	pthread_mutex_t	 mutex;		/* of the keyring */
	struct keyring	 keyring;
	uint64_t	 stamp;		/* of the files it was read from */
	atomic_uint	 watched;	/* sockets, for names */
	zactor_t	*zap;
} curve = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* --- the keyring --------------------------------------------------------- */

void
curve_load(const struct settings *s, enum party self)
{
	char	why[CURVE_WHY];

	curve.self = self;
	if (s->keys[0] == '\0')
		return;
	curve.folder = s->keys;
	if (sodium_init() == -1)
		log_fatal("libsodium cannot be used");
	/* keeps it out of swap and core dumps, where that is allowed */
	(void)sodium_mlock(&curve.keyring, sizeof(curve.keyring));
	curve.stamp = keyring_stamp(curve.folder, self);
	if (!keyring_load(&curve.keyring, curve.folder, self, why)) {
		visible_printf(stderr, "FLICKET_KEYS: %s\n", why);
		exit(2);
	}
}

/* Once a second, and when told to. An error is logged once. */
static void
reload_keys(void)
{
	uint64_t	stamp = keyring_stamp(curve.folder, curve.self);
	struct keyring	fresh;
	char		why[CURVE_WHY];

	if (stamp == curve.stamp)
		return;
	curve.stamp = stamp;
	if (keyring_load(&fresh, curve.folder, curve.self, why)) {
		pthread_mutex_lock(&curve.mutex);
		curve.keyring = fresh;
		pthread_mutex_unlock(&curve.mutex);
		log_info("keys changed and were read");
	} else
		log_error("FLICKET_KEYS: %s; going on with the keys from "
		    "before", why);
	sodium_memzero(&fresh, sizeof(fresh));
}

static bool
may_connect(const uint8_t *bytes, enum party *ret_whose)
{
	pthread_mutex_lock(&curve.mutex);
	*ret_whose = keyring_whose(&curve.keyring, bytes);
	pthread_mutex_unlock(&curve.mutex);
	return *ret_whose != PARTY_NONE &&
	    party_may_talk(*ret_whose, (enum service_id)curve.self);
}

/* --- start, stop --------------------------------------------------------- */

static void
start_zap(void)
{
	static struct zap_args	args = {
		.admit = may_connect,
		.refresh = reload_keys,
	};

	args.has_keys = curve.folder != NULL;
	curve.zap = zap_start(&args);
}

void
curve_start(void)
{
	if (curve.folder == NULL || curve.zap != NULL)
		return;
	start_zap();
	log_line(log_routine(), "connections are encrypted, with the key of "
	    "%s in %s", party_name(curve.self), curve.folder);
}

void
curve_stop(void)
{
	zactor_destroy(&curve.zap);
	pthread_mutex_lock(&curve.mutex);
	sodium_memzero(&curve.keyring, sizeof(curve.keyring));
	pthread_mutex_unlock(&curve.mutex);
	curve.folder = NULL;
}

void
curve_reload(void)
{
	if (curve.zap != NULL)
		zap_refresh(curve.zap);
}

/* --- sockets ------------------------------------------------------------- */

static void
watch_socket(zsock_t *sock, enum service_id to)
{
	if (curve.zap != NULL)
		zap_watch(sock, to, atomic_fetch_add(&curve.watched, 1));
}

void
curve_serve(zsock_t *sock)
{
	if (curve.folder == NULL) {
		/* connections are bounded all the same */
		if (curve.zap == NULL)
			start_zap();
		watch_socket(sock, SERVICE_ANY);
		return;
	}
	pthread_mutex_lock(&curve.mutex);
	zsock_set_curve_server(sock, 1);
	zsock_set_curve_secretkey_bin(sock, curve.keyring.own_secret.bytes);
	pthread_mutex_unlock(&curve.mutex);
	/* with a domain only peers may connect that the authenticator admits */
	zsock_set_zap_domain(sock, "flicket");
	watch_socket(sock, SERVICE_ANY);
}

/*
 * The key to try: the one behind that which the socket has from last time,
 * the first if it has none or one that is no longer valid.
 */
static const uint8_t *
next_key(const struct curve_keys *keys, const uint8_t *last)
{
	for (unsigned i = 0; i < keys->count; i++)
		if (memcmp(keys->key[i].bytes, last, CURVE_BYTES) == 0)
			return keys->key[(i + 1) % keys->count].bytes;
	return keys->key[0].bytes;
}

void
curve_connect(zsock_t *sock, enum service_id to)
{
	const struct keyring	*k = &curve.keyring;
	uint8_t			 last[CURVE_BYTES];
	size_t			 len = sizeof(last);

	if (curve.self != PARTY_NONE && !party_may_talk(curve.self, to))
		log_fatal("proto/peer/talks.tbl has no row that lets %s talk to %s",
		    party_name(curve.self), service_name(to));
	if (curve.folder == NULL)
		return;
	CHECK(zmq_getsockopt(zsock_resolve(sock), ZMQ_CURVE_SERVERKEY, last,
	    &len) == 0);
	pthread_mutex_lock(&curve.mutex);
	zsock_set_curve_serverkey_bin(sock, next_key(&k->of[to], last));
	zsock_set_curve_publickey_bin(sock, k->own_public.bytes);
	zsock_set_curve_secretkey_bin(sock, k->own_secret.bytes);
	pthread_mutex_unlock(&curve.mutex);
	if (sodium_is_zero(last, sizeof(last)))
		watch_socket(sock, to);	/* the first time */
}

bool
curve_may_retry(enum service_id to, int64_t after_ms)
{
	bool	may;

	if (curve.folder == NULL || after_ms < RETRY_MS)
		return false;
	pthread_mutex_lock(&curve.mutex);
	may = curve.keyring.of[to].count > 1;
	pthread_mutex_unlock(&curve.mutex);
	return may;
}
