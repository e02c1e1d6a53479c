/*
 * `flicketctl keys`. Files are replaced one by one, each as a whole, in an
 * order in which every process can talk to every other one at any time.
 */
#include <sys/stat.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/visible.h"
#include "proto/peer/keyring.h"
#include "tools/flicketctl/cli/cli.h"

#define ROTATE_SECONDS	3	/* by then every process has looked */

/* --- files ---------------------------------------------------------------- */

static int
fail_on_path(const char *path)
{
	visible_printf(stderr, "flicketctl keys: %s: %s\n", path, strerror(errno));
	return 1;
}

static void
put_line(struct buf *b, enum curve_kind kind, enum party p,
    const struct curve_key *key)
{
	char	hex[CURVE_BYTES * 2 + 1];

	sodium_bin2hex(hex, sizeof(hex), key->bytes, CURVE_BYTES);
	/* at once: a buffer that grows leaves copies behind */
	buf_reserve(b, 256);
	buf_printf(b, "flicket-curve-%s %s %s\n",
	    kind == CURVE_SECRET ? "secret" : "public", party_name(p), hex);
	sodium_memzero(hex, sizeof(hex));
}

static int
write_keys(const char *folder, enum curve_kind kind, enum party p,
    const struct curve_keys *keys)
{
	struct buf	path = { 0 }, text = { 0 };
	int		status;

	buf_reserve(&text, 1024);
	for (unsigned i = 0; i < keys->count; i++)
		put_line(&text, kind, p, &keys->key[i]);
	keyring_path(&path, folder, p, kind);
	status = file_replace(path.base, text.base, text.len,
	    kind == CURVE_SECRET ? 0600 : 0644) ? 0 : fail_on_path(path.base);
	sodium_memzero(text.base, text.size);
	buf_done(&text);
	buf_done(&path);
	return status;
}

static int
make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0)
		return chmod(path, mode) == 0 ? 0 : fail_on_path(path);
	return errno == EEXIST ? 0 : fail_on_path(path);
}

static int
make_key_folders(const char *folder, enum party p)
{
	struct buf	path = { 0 };
	int		status = make_folder(folder, 0755);

	buf_printf(&path, "%s/public", folder);
	if (status == 0)
		status = make_folder(path.base, 0755);
	path.len = 0;
	buf_printf(&path, "%s/%s", folder, party_name(p));
	if (status == 0)
		status = make_folder(path.base, 0700);
	buf_done(&path);
	return status;
}

static bool
is_there(const char *folder, enum curve_kind kind, enum party p)
{
	struct buf	path = { 0 };
	bool		there;

	keyring_path(&path, folder, p, kind);
	there = access(path.base, F_OK) == 0;
	buf_done(&path);
	return there;
}

/* Read a party's keys; false after a message. */
static bool
read_keys(const char *folder, enum curve_kind kind, enum party p,
    struct curve_keys *ret)
{
	char	why[CURVE_WHY];

	if (keyring_read(folder, kind, p, ret, why))
		return true;
	visible_printf(stderr, "flicketctl keys: %s\n", why);
	return false;
}

/* --- make ----------------------------------------------------------------- */

static void
make_pair(struct curve_keys *secret, struct curve_keys *public)
{
	*secret = *public = (struct curve_keys){ .count = 1 };
	(void)crypto_box_keypair(public->key[0].bytes, secret->key[0].bytes);
}

/* A new pair, or the public file that a secret lacks. */
static int
make_one(const char *folder, enum party p)
{
	struct curve_keys	secret, public = { .count = 1 };
	bool			has_secret = is_there(folder, CURVE_SECRET, p);
	bool			has_public = is_there(folder, CURVE_PUBLIC, p);
	int			status = make_key_folders(folder, p);

	if (status != 0 || (has_secret && has_public))
		return status;
	if (has_public) {
		visible_printf(stderr, "flicketctl keys: %s has a public key in %s, "
		    "and no secret one: put that back, or remove "
		    "public/%s.public to have new ones made\n", party_name(p),
		    folder, party_name(p));
		return 1;
	}
	if (!has_secret)
		make_pair(&secret, &public);
	else if (!read_keys(folder, CURVE_SECRET, p, &secret))
		return 1;
	keyring_derive(&secret.key[0], &public.key[0]);
	if (!has_secret)
		status = write_keys(folder, CURVE_SECRET, p, &secret);
	if (status == 0)
		status = write_keys(folder, CURVE_PUBLIC, p, &public);
	sodium_memzero(&secret, sizeof(secret));
	if (status == 0)
		printf("%s: made\n", party_name(p));
	return status;
}

static int
make_keys(const char *folder, enum party first, enum party last)
{
	int	status = 0;

	for (unsigned p = first; p <= last && status == 0; p++)
		status = make_one(folder, (enum party)p);
	return status;
}

/* --- rotate, retire --------------------------------------------------------- */

struct rotation {
	struct curve_keys	secret;		/* the new one */
	struct curve_keys	public;		/* the old one, the new one */
};

/* Whether a party can be given a new key now; says why not. */
static bool
can_rotate(const char *folder, enum party p, struct rotation *r)
{
	if (!read_keys(folder, CURVE_PUBLIC, p, &r->public))
		return false;
	if (r->public.count == 1)
		return true;
	fprintf(stderr, "flicketctl keys: %s still has the key before the last "
	    "rotation: when all its processes were restarted, `flicketctl "
	    "keys retire %s`\n", party_name(p), party_name(p));
	return false;
}

/* Publish the new key before its owner has it. */
static int
announce(const char *folder, enum party p, struct rotation *r)
{
	struct curve_keys	fresh;

	make_pair(&r->secret, &fresh);
	r->public.key[1] = fresh.key[0];
	r->public.count = 2;
	return write_keys(folder, CURVE_PUBLIC, p, &r->public);
}

/* Give its owner the new key, and make it the one that is tried first. */
static int
hand_over(const char *folder, enum party p, struct rotation *r)
{
	struct curve_key	old = r->public.key[0];
	int			status;

	r->public.key[0] = r->public.key[1];
	r->public.key[1] = old;
	status = write_keys(folder, CURVE_SECRET, p, &r->secret);
	if (status == 0)
		status = write_keys(folder, CURVE_PUBLIC, p, &r->public);
	if (status == 0)
		printf("%s: rotated\n", party_name(p));
	return status;
}

static int
rotate_keys(const char *folder, enum party first, enum party last)
{
	static struct rotation	all[PARTY_END];
	int			status = 0;

	for (unsigned p = first; p <= last; p++)
		if (!can_rotate(folder, (enum party)p, &all[p]))
			return 1;
	for (unsigned p = first; p <= last && status == 0; p++)
		status = announce(folder, (enum party)p, &all[p]);
	if (status == 0) {
		const struct timespec	pause = { .tv_sec = ROTATE_SECONDS };

		while (nanosleep(&pause, NULL) == -1 && errno == EINTR)
			continue;
	}
	for (unsigned p = first; p <= last && status == 0; p++)
		status = hand_over(folder, (enum party)p, &all[p]);
	sodium_memzero(all, sizeof(all));
	if (status == 0)
		printf("Next: restart the services that were named, one "
		    "process after the other, then\n`flicketctl keys retire`. "
		    "The gateway needs no restart.\n");
	return status;
}

/* Leave the one key that belongs to the secret. */
static int
retire_one(const char *folder, enum party p)
{
	struct curve_keys	secret, public;

	if (!read_keys(folder, CURVE_PUBLIC, p, &public) ||
	    !read_keys(folder, CURVE_SECRET, p, &secret))
		return 1;
	if (public.count == 1)
		return 0;
	keyring_derive(&secret.key[0], &public.key[0]);
	sodium_memzero(&secret, sizeof(secret));
	public.count = 1;
	if (write_keys(folder, CURVE_PUBLIC, p, &public) != 0)
		return 1;
	printf("%s: the old key is refused from now on\n", party_name(p));
	return 0;
}

static int
retire_keys(const char *folder, enum party first, enum party last)
{
	int	status = 0;

	for (unsigned p = first; p <= last && status == 0; p++)
		status = retire_one(folder, (enum party)p);
	return status;
}

/* --- show, check ------------------------------------------------------------ */

static void
print_age(const char *folder, enum party p)
{
	struct buf	path = { 0 };
	struct stat	st;

	keyring_path(&path, folder, p, CURVE_PUBLIC);
	if (stat(path.base, &st) == 0)
		printf("  %5lld days", (long long)(time(NULL) - st.st_mtime) /
		    86400);
	buf_done(&path);
}

static int
show_keys(const char *folder, enum party first, enum party last)
{
	struct curve_keys	keys;
	char			hex[CURVE_BYTES * 2 + 1];
	int			status = 0;

	for (unsigned p = first; p <= last; p++) {
		printf("%-8s", party_name((enum party)p));
		fflush(stdout);
		if (!read_keys(folder, CURVE_PUBLIC, (enum party)p, &keys)) {
			status = 1;
			continue;
		}
		print_age(folder, (enum party)p);
		for (unsigned i = 0; i < keys.count; i++) {
			sodium_bin2hex(hex, sizeof(hex), keys.key[i].bytes,
			    CURVE_BYTES);
			printf("  %.16s%s", hex, i == 0 ? "" : " (before)");
		}
		puts("");
	}
	return status;
}

/*
 * Read the keys as each process would: all that a party reads if its secret is
 * here, else its public keys.
 */
static int
check_keys(const char *folder, enum party first, enum party last)
{
	struct curve_keys	keys;
	struct keyring		k;
	char			why[CURVE_WHY];
	int			wrong = 0;

	for (unsigned p = first; p <= last; p++) {
		bool	here = is_there(folder, CURVE_SECRET, (enum party)p);

		if (here ? keyring_load(&k, folder, (enum party)p, why) :
		    keyring_read(folder, CURVE_PUBLIC, (enum party)p, &keys,
		    why)) {
			printf("%-8s %s\n", party_name((enum party)p), here ?
			    "fits" : "public key only");
			continue;
		}
		visible_printf(stderr, "%-8s %s\n", party_name((enum party)p), why);
		wrong = 1;
	}
	sodium_memzero(&k, sizeof(k));
	return wrong;
}

/* --- the command line ------------------------------------------------------- */

/* The folder of keys; NULL after a message. */
static const char *
find_folder(const struct cli *c, int place, struct settings *s)
{
	const char	*folder;

	settings_load(s);
	folder = cli_arg(c, place, s->keys);
	if (folder[0] == '\0') {
		cli_usage(c->command, "which folder? Name it, or set "
		    "FLICKET_KEYS");
		return NULL;
	}
	if (sodium_init() == -1)
		log_fatal("libsodium cannot be used");
	return folder;
}

/* Run an action on the party of a name, or on all of them. */
static int
run_on(const struct cli *c, int (*what)(const char *, enum party, enum party),
    const char *name, int folder_place)
{
	struct settings	 s;
	const char	*folder;
	enum party	 p = party_find(name, strlen(name));

	if (p == PARTY_NONE && strcmp(name, "all") != 0)
		return cli_usage(c->command, "there is no process \"%s\"", name);
	folder = find_folder(c, folder_place, &s);
	if (folder == NULL)
		return STATUS_USAGE;
	return p != PARTY_NONE ? what(folder, p, p) :
	    what(folder, (enum party)1, PARTY_CTL);
}

int
keys_make_run(const struct cli *c)
{
	const char	*name = cli_value(c, "service");

	return run_on(c, make_keys, name == NULL ? "all" : name, 0);
}

int
keys_rotate_run(const struct cli *c)
{
	return run_on(c, rotate_keys, cli_arg(c, 0, ""), 1);
}

int
keys_retire_run(const struct cli *c)
{
	return run_on(c, retire_keys, cli_arg(c, 0, ""), 1);
}

int
keys_show_run(const struct cli *c)
{
	return run_on(c, show_keys, "all", 0);
}

int
keys_check_run(const struct cli *c)
{
	return run_on(c, check_keys, "all", 0);
}
