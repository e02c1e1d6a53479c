/*
 * proto/peer/keyring.c, proto/peer/curve.c and proto/peer/zap.c: key files, hostile ones
 * too, and sockets of this process on both sides of a connection.
 */
#include "unit.h"

#include <sys/stat.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "proto/peer/curve.h"
#include "proto/peer/replica.h"
#include "services/op/op.h"

#define DIGITS		"00112233445566778899aabbccddeeff" \
			"00112233445566778899AABBCCDDEEFF"
#define OTHERS		"ff112233445566778899aabbccddeeff" \
			"00112233445566778899aabbccddeeff"
#define PUBLIC(name)	"flicket-curve-public " name " "
#define WAIT_MS		5000

/* --- key files -------------------------------------------------------------- */

static void
files_are_read_strictly(void **state)
{
	static const struct { const char *text; size_t len; unsigned most;
	    unsigned count; const char *why; } rows[] = {
#define ROW(text, most, count, why) { text, sizeof(text) - 1, most, count, why }
		ROW(PUBLIC("ticket") DIGITS "\n", 1, 1, ""),
		ROW(PUBLIC("ticket") DIGITS, 1, 1, ""),
		ROW(PUBLIC("ticket") DIGITS "\n" PUBLIC("ticket") OTHERS "\n",
		    3, 2, ""),
		ROW("", 1, 0, "it is empty"),
		ROW("\n", 1, 0, "line 1 is not of the kind"),
		ROW("\0", 1, 0, "line 1 is not of the kind"),
		ROW(PUBLIC("ticket") DIGITS "\n\n", 3, 0, "line 2 is not of "
		    "the kind"),
		ROW(PUBLIC("ticket") DIGITS "\n" PUBLIC("ticket") DIGITS, 1, 0,
		    "line 2 is one too many"),
		ROW("flicket-curve-secret ticket " DIGITS, 1, 0, "line 1 is "
		    "not of the kind"),
		ROW("flicket-curve-public", 1, 0, "line 1 is not of the kind"),
		ROW("flicket-curve-public ", 1, 0, "not of the"),
		ROW("flicket-curve-publicly ticket " DIGITS, 1, 0, "not of the "
		    "kind"),
		ROW(PUBLIC("tickets") DIGITS, 1, 0, "not of the party"),
		ROW(PUBLIC("user") DIGITS, 1, 0, "not of the party"),
		ROW(PUBLIC("") DIGITS, 1, 0, "not of the party"),
		ROW(PUBLIC("ticket\0") DIGITS, 1, 0, "not of the party"),
		ROW("flicket-curve-public ticket", 1, 0, "not of the party"),
		ROW(PUBLIC("ticket"), 1, 0, "has no key of 64"),
		ROW(PUBLIC("ticket") "00", 1, 0, "has no key of 64"),
		ROW(PUBLIC("ticket") DIGITS "0", 1, 0, "has no key of 64"),
		ROW(PUBLIC("ticket") DIGITS "00", 1, 0, "has no key of 64"),
		ROW(PUBLIC("ticket") " " DIGITS, 1, 0, "has no key of 64"),
		ROW(PUBLIC("ticket") DIGITS " ", 1, 0, "has no key of 64"),
		ROW(PUBLIC("ticket") DIGITS "\r\n", 1, 0, "has no key of 64"),
		ROW(PUBLIC("ticket") "0x112233445566778899aabbccddeeff"
		    "00112233445566778899aabbccddeeff", 1, 0,
		    "has no key of 64"),
		ROW(PUBLIC("ticket") "00000000000000000000000000000000"
		    "00000000000000000000000000000000", 1, 0,
		    "has no key of 64"),
#undef ROW
	};
	struct curve_keys	keys;
	char			why[CURVE_WHY];
	bool			done;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		why[0] = '\0';
		done = keyring_parse((struct text){ rows[i].text,
		    rows[i].len }, CURVE_PUBLIC, PARTY_TICKET, rows[i].most,
		    &keys, why);
		check_true(rows[i].text, done == (rows[i].count > 0));
		if (done)
			check_number(rows[i].text, keys.count, rows[i].count);
		check_part(rows[i].text, why, rows[i].why);
		/* what was in the file is not repeated */
		check_true(rows[i].text, strstr(why, "aabb") == NULL);
	}
}

static void
keys_are_their_digits(void **state)
{
	static const char	text[] = PUBLIC("ctl") DIGITS;
	struct curve_keys	keys;
	char			why[CURVE_WHY];

	(void)state;
	assert_true(keyring_parse(text_of(text), CURVE_PUBLIC, PARTY_CTL, 1,
	    &keys, why));
	for (int i = 0; i < CURVE_BYTES; i++)
		check_number("byte", keys.key[0].bytes[i], i % 16 * 0x11);
}

static void
nonsense_is_refused_and_breaks_nothing(void **state)
{
	static const char	whole[] = PUBLIC("post") DIGITS "\n";
	char			text[sizeof(whole)], why[CURVE_WHY];
	uint64_t		random = 4711;
	struct curve_keys	keys;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t	at = unit_random(&random) % (sizeof(whole) - 1);
		char	byte = (char)unit_random(&random);
		bool	done;

		memcpy(text, whole, sizeof(whole));
		text[at] = byte;
		done = keyring_parse((struct text){ text,
		    unit_random(&random) % 8 == 0 ? at : sizeof(whole) - 1 },
		    CURVE_PUBLIC, PARTY_POST, 1, &keys, why);
		/* only another digit, or no end of line, may do */
		if (done)
			check_true(text, at >= sizeof(PUBLIC("post")) - 1 ||
			    memcmp(text, whole, sizeof(whole)) == 0);
	}
}

static void
names_are_those_of_the_parties(void **state)
{
	(void)state;
	for (unsigned p = 1; p < PARTY_END; p++) {
		const char	*name = party_name((enum party)p);

		check_number(name, party_find(name, strlen(name)), p);
		check_number(name, party_find(name, strlen(name) - 1),
		    PARTY_NONE);
	}
	check_number("none", party_find("", 0), PARTY_NONE);
	check_number("any", party_find("any", 3), PARTY_NONE);
}

/* --- who may talk -------------------------------------------------------- */

static uint64_t
told_by(const struct service *s)
{
	uint64_t	mask = s->seed_consumers;

	for (const struct op *op = s->ops; op->op != OP_NONE; op++)
		for (int i = 0; i < OP_EMITS; i++) {
			mask |= UINT64_C(1) << op_info(op->emits[i])->service;
			mask |= UINT64_C(1) << op_info(op->tells[i])->service;
		}
	return mask & ~(UINT64_C(1) << SERVICE_ANY);
}

static void
services_talk_to_those_that_they_tell(void **state)
{
	static const struct service *const	services[] = {
		&user_service, &ticket_service, &post_service, &lookup_service
	};

	(void)state;
	for (size_t i = 0; i < LEN(services); i++)
		for (unsigned to = 1; to < SERVICE_END; to++)
			check_true(service_name(services[i]->id),
			    party_may_talk((enum party)services[i]->id,
			    (enum service_id)to) ==
			    ((told_by(services[i]) >> to & 1) != 0 ||
			    to == services[i]->id));
	for (unsigned to = 1; to < SERVICE_END; to++) {
		check_true("gateway", party_may_talk(PARTY_GATEWAY,
		    (enum service_id)to));
		check_true("ctl", party_may_talk(PARTY_CTL,
		    (enum service_id)to));
		check_true("nobody", !party_may_talk(PARTY_NONE,
		    (enum service_id)to));
	}
}

/* --- folders --------------------------------------------------------------- */

static void
write_key(const char *folder, enum curve_kind kind, enum party p,
    const uint8_t *bytes)
{
	char		 hex[CURVE_BYTES * 2 + 1];
	struct buf	 path = { 0 };
	FILE		*f;

	keyring_path(&path, folder, p, kind);
	f = fopen(path.base, "w");
	assert_non_null(f);
	sodium_bin2hex(hex, sizeof(hex), bytes, CURVE_BYTES);
	fprintf(f, "flicket-curve-%s %s %s\n", kind == CURVE_SECRET ?
	    "secret" : "public", party_name(p), hex);
	assert_int_equal(fclose(f), 0);
	if (kind == CURVE_SECRET)
		assert_int_equal(chmod(path.base, 0600), 0);
	buf_done(&path);
}

/* A folder with keys of all parties. */
static int
make_keys(void **state)
{
	static char	folder[FOLDER_SIZE];
	uint8_t		public[CURVE_BYTES], secret[CURVE_BYTES];
	char		path[FOLDER_SIZE + 16];

	assert_true(sodium_init() != -1);
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/public", folder);
	assert_int_equal(mkdir(path, 0755), 0);
	for (unsigned p = 1; p < PARTY_END; p++) {
		snprintf(path, sizeof(path), "%s/%s", folder,
		    party_name((enum party)p));
		assert_int_equal(mkdir(path, 0700), 0);
		crypto_box_keypair(public, secret);
		write_key(folder, CURVE_PUBLIC, (enum party)p, public);
		write_key(folder, CURVE_SECRET, (enum party)p, secret);
	}
	*state = folder;
	return 0;
}

static int
remove_keys(void **state)
{
	unit_folder_remove(*state);
	return 0;
}

static void
rings_are_loaded_whole(void **state)
{
	struct keyring	k;
	char		why[CURVE_WHY];

	for (unsigned p = 1; p < PARTY_END; p++) {
		assert_true(keyring_load(&k, *state, (enum party)p, why));
		check_number("own", keyring_whose(&k, k.own_public.bytes), p);
		k.own_public.bytes[0] ^= 1;
		check_number("nobody", keyring_whose(&k, k.own_public.bytes),
		    PARTY_NONE);
	}
}

static void
stamps_tell_of_changes(void **state)
{
	uint64_t	before = keyring_stamp(*state, PARTY_USER), now;
	uint8_t		bytes[CURVE_BYTES] = { 9 };
	struct buf	path = { 0 };

	check_true("nothing changed", keyring_stamp(*state, PARTY_USER) ==
	    before);
	write_key(*state, CURVE_SECRET, PARTY_POST, bytes);
	check_true("another's secret", keyring_stamp(*state, PARTY_USER) ==
	    before);
	write_key(*state, CURVE_PUBLIC, PARTY_POST, bytes);
	now = keyring_stamp(*state, PARTY_USER);
	check_true("a public key", now != before);
	keyring_path(&path, *state, PARTY_CTL, CURVE_PUBLIC);
	assert_int_equal(unlink(path.base), 0);
	check_true("one that is gone", keyring_stamp(*state, PARTY_USER) !=
	    now);
	buf_done(&path);
}

/* --- sockets ---------------------------------------------------------------- */

#define ENDPOINT	"tcp://127.0.0.1:*"

/* A DEALER connected to a service by hand, as a stranger would. */
static zsock_t *
knock(const char *endpoint, const struct curve_key *server,
    const uint8_t *public, const uint8_t *secret)
{
	zsock_t	*sock = zsock_new(ZMQ_DEALER);

	assert_non_null(sock);
	zsock_set_linger(sock, 0);
	zsock_set_immediate(sock, 1);
	if (server != NULL) {
		zsock_set_curve_serverkey_bin(sock, server->bytes);
		zsock_set_curve_publickey_bin(sock, public);
		zsock_set_curve_secretkey_bin(sock, secret);
	}
	assert_int_equal(zsock_connect(sock, "%s", endpoint), 0);
	return sock;
}

/* Whether a connection comes to be within a time. */
static bool
is_let_in(zsock_t *sock, long wait_ms)
{
	zmq_pollitem_t	item = { zsock_resolve(sock), 0, ZMQ_POLLOUT, 0 };

	return zmq_poll(&item, 1, wait_ms) == 1;
}

static bool
grows_beyond(enum metric counter, int64_t before)
{
	for (int i = 0; i < WAIT_MS / 10 && metric_get(counter, 0) <= before;
	    i++)
		usleep(10000);
	return metric_get(counter, 0) > before;
}

/* Who knocks at the lookup service in this process, and what comes of it. */
static void
only_known_keys_are_let_in(void **state)
{
	static const struct { const char *name; enum party pair;
	    enum party server; bool in; } rows[] = {
		{ "the gateway", PARTY_GATEWAY, PARTY_LOOKUP, true },
		{ "the operator", PARTY_CTL, PARTY_LOOKUP, true },
		{ "a service that has no row", PARTY_POST, PARTY_LOOKUP,
		    false },
		{ "itself", PARTY_LOOKUP, PARTY_LOOKUP, true },
		{ "a key that is nobody's", PARTY_NONE, PARTY_LOOKUP, false },
		{ "one that expects another", PARTY_GATEWAY, PARTY_USER,
		    false },
		{ "one without keys", PARTY_GATEWAY, PARTY_NONE, false },
	};
	struct settings		 s = { .keys = *state };
	uint8_t			 public[CURVE_BYTES], secret[CURVE_BYTES];
	struct keyring		 k;
	char			 why[CURVE_WHY];
	zsock_t			*router, *sock;
	int64_t			 before;

	curve_load(&s, PARTY_LOOKUP);
	curve_start();
	router = zsock_new(ZMQ_ROUTER);
	curve_serve(router);
	assert_true(zsock_bind(router, ENDPOINT) != -1);
	for (size_t i = 0; i < LEN(rows); i++) {
		before = metric_get(METRIC_CURVE_REFUSED, 0);
		crypto_box_keypair(public, secret);
		assert_true(keyring_load(&k, *state, rows[i].pair ==
		    PARTY_NONE ? PARTY_USER : rows[i].pair, why));
		if (rows[i].pair != PARTY_NONE) {
			memcpy(public, k.own_public.bytes, sizeof(public));
			memcpy(secret, k.own_secret.bytes, sizeof(secret));
		}
		sock = knock(zsock_endpoint(router), rows[i].server ==
		    PARTY_NONE ? NULL : &k.of[rows[i].server].key[0], public,
		    secret);
		if (rows[i].in)
			check_true(rows[i].name, is_let_in(sock, WAIT_MS));
		else {
			check_true(rows[i].name,
			    grows_beyond(METRIC_CURVE_REFUSED, before));
			check_true(rows[i].name, !is_let_in(sock, 100));
		}
		if (rows[i].in)
			check_number(rows[i].name,
			    metric_get(METRIC_CURVE_REFUSED, 0), before);
		zsock_destroy(&sock);
	}
	zsock_destroy(&router);
	curve_stop();
}

/* A gateway whose key the service does not know counts that, too. */
static void
who_is_refused_knows_it(void **state)
{
	struct settings	 s = { .keys = *state };
	struct replica	*r;
	int64_t		 before = metric_get(METRIC_CURVE_FAILED, 0);
	zsock_t		*router = zsock_new(ZMQ_ROUTER);
	struct keyring	 k;
	char		 why[CURVE_WHY];

	assert_true(keyring_load(&k, *state, PARTY_LOOKUP, why));
	curve_load(&s, PARTY_GATEWAY);
	curve_start();
	/* a lookup service, but the guard is a gateway's, and lets nobody in */
	zsock_set_curve_server(router, 1);
	zsock_set_curve_secretkey_bin(router, k.own_secret.bytes);
	zsock_set_zap_domain(router, "flicket");
	assert_true(zsock_bind(router, ENDPOINT) != -1);
	r = replica_new(SERVICE_LOOKUP, zsock_endpoint(router));
	check_true("counted", grows_beyond(METRIC_CURVE_FAILED,
	    before));
	replica_destroy(&r);
	zsock_destroy(&router);
	curve_stop();
}

static void
connect_without_a_row(const void *folder)
{
	struct settings	s = { .keys = folder };

	curve_load(&s, PARTY_LOOKUP);
	curve_connect(NULL, SERVICE_POST);
}

static void
load_wrong(const void *folder)
{
	struct settings	s = { .keys = folder };

	curve_load(&s, PARTY_LOOKUP);
}

/* First of all: processes must be made before there are threads. */
static void
what_is_not_right_ends_it(void **state)
{
	struct end	end;

	unit_run(connect_without_a_row, *state, &end);
	check_number("status", end.status, 1);
	check_part("said", end.said,
	    "proto/peer/talks.tbl has no row that lets lookup talk to post");
	unit_run(load_wrong, "/nonexistent", &end);
	check_number("status", end.status, 2);
	check_part("said", end.said, "FLICKET_KEYS: "
	    "/nonexistent/public/user.public: No such file or directory");
}

#define WITH_KEYS(sentence, function) \
	{ (sentence), (function), make_keys, remove_keys, NULL }

int
main(void)
{
	static const struct CMUnitTest	tests[] = {
		WITH_KEYS("a wrong folder, a talk without a row end it",
		    what_is_not_right_ends_it),
		TEST("key files are read strictly", files_are_read_strictly),
		TEST("keys are their digits", keys_are_their_digits),
		TEST("nonsense is refused",
		    nonsense_is_refused_and_breaks_nothing),
		TEST("parties have names", names_are_those_of_the_parties),
		TEST("services talk to those that they tell, and to no other",
		    services_talk_to_those_that_they_tell),
		WITH_KEYS("keyrings are loaded", rings_are_loaded_whole),
		WITH_KEYS("stamps tell of changes", stamps_tell_of_changes),
		WITH_KEYS("only known keys are let in, others are counted",
		    only_known_keys_are_let_in),
		WITH_KEYS("who is refused counts it", who_is_refused_knows_it),
	};

	zsys_handler_set(NULL);
	metrics_start(PART_ALL);
	return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
