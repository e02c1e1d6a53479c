/*
 * `flicketctl keys`. A folder of keys is changed file by file, each replaced
 * as a whole, in an order that leaves every process able to talk to every
 * other one whenever it happens to look.
 */
#include "keys.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/keyring.h"
#include "proto/log.h"
#include "proto/settings.h"

#define ROTATE_SECONDS	3	/* by then every process has looked */

static const char help[] =
"usage: flicketctl keys make [DIR] [--service NAME]\n"
"       flicketctl keys rotate NAME|all [DIR]\n"
"       flicketctl keys retire NAME|all [DIR]\n"
"       flicketctl keys show [DIR]\n"
"       flicketctl keys check [DIR]\n"
"\n"
"The keys that the gateway, the services and this tool know each other by,\n"
"where FLICKET_KEYS names their folder. DIR is that folder; without it,\n"
"FLICKET_KEYS is. NAME is user, ticket, post, lookup, gateway or ctl.\n"
"\n"
"  make     make the keys that are missing; those there are stay. With\n"
"           --service only those of one\n"
"  rotate   make a new key. The one before stays valid until it is retired.\n"
"           Takes 3 seconds, in which all processes learn of it. Restart the\n"
"           service then, one process after the other\n"
"  retire   have the key before the last rotation refused from now on\n"
"  show     list the keys: name, how many, the beginning of each, its age\n"
"  check    read all files as the processes do, and say what is wrong\n"
"\n"
"A service needs DIR/public and its own DIR/NAME, and nothing else: give it\n"
"no more. See docs/operations.md, «Keys».\n"
"\n"
"Exit status: 0 done, 1 failed or something is wrong, 2 wrong usage.\n";

/* --- files ---------------------------------------------------------------- */

static int
fail(const char *path)
{
	fprintf(stderr, "flicketctl keys: %s: %s\n", path, strerror(errno));
	return 1;
}

/* Have a folder's entries on disk. */
static bool
sync_folder_of(const char *path)
{
	struct buf	folder = { 0 };
	int		fd, rc = -1;

	buf_printf(&folder, "%.*s", (int)(strrchr(path, '/') - path), path);
	fd = open(folder.base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1) {
		rc = fsync(fd);
		close(fd);
	}
	buf_done(&folder);
	return rc == 0;
}

/* Replace a file as a whole: whoever reads it finds the old or the new one. */
static int
replace_file(const char *path, const struct buf *text, mode_t mode)
{
	struct buf	fresh = { 0 };
	bool		done;
	int		fd, status;

	buf_printf(&fresh, "%s.new", path);
	(void)unlink(fresh.base);
	fd = open(fresh.base, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	done = fd != -1 && fchmod(fd, mode) == 0 &&
	    write(fd, text->base, text->len) == (ssize_t)text->len &&
	    fsync(fd) == 0;
	if (fd != -1 && close(fd) == -1)
		done = false;
	done = done && rename(fresh.base, path) == 0 && sync_folder_of(path);
	status = done ? 0 : fail(path);
	buf_done(&fresh);
	return status;
}

static void
put_line(struct buf *b, enum curve_kind kind, enum party p,
    const struct curve_key *key)
{
	char	hex[CURVE_BYTES * 2 + 1];

	sodium_bin2hex(hex, sizeof(hex), key->bytes, CURVE_BYTES);
	/* all at once: a buffer that grows leaves copies behind */
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
	status = replace_file(path.base, &text,
	    kind == CURVE_SECRET ? 0600 : 0644);
	sodium_memzero(text.base, text.size);
	buf_done(&text);
	buf_done(&path);
	return status;
}

static int
make_folder(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0)
		return chmod(path, mode) == 0 ? 0 : fail(path);
	return errno == EEXIST ? 0 : fail(path);
}

static int
make_folders(const char *folder, enum party p)
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
	fprintf(stderr, "flicketctl keys: %s\n", why);
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
	int			status = make_folders(folder, p);

	if (status != 0 || (has_secret && has_public))
		return status;
	if (has_public) {
		fprintf(stderr, "flicketctl keys: %s has a public key in %s, "
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
make(const char *folder, enum party first, enum party last)
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

/* First all are to know the new key, which nobody has yet. */
static int
announce(const char *folder, enum party p, struct rotation *r)
{
	struct curve_keys	fresh;

	make_pair(&r->secret, &fresh);
	r->public.key[1] = fresh.key[0];
	r->public.count = 2;
	return write_keys(folder, CURVE_PUBLIC, p, &r->public);
}

/* Then its owner gets it, and it becomes the one that is tried first. */
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
rotate(const char *folder, enum party first, enum party last)
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
	printf("%s: the key before is refused from now on\n", party_name(p));
	return 0;
}

static int
retire(const char *folder, enum party first, enum party last)
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
show(const char *folder, enum party first, enum party last)
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
 * As each process would: of those whose secret is here, all they read; else
 * the public keys alone.
 */
static int
check(const char *folder, enum party first, enum party last)
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
		fprintf(stderr, "%-8s %s\n", party_name((enum party)p), why);
		wrong = 1;
	}
	sodium_memzero(&k, sizeof(k));
	return wrong;
}

/* --- the command line ------------------------------------------------------- */

static int
usage(const char *complaint, const char *what)
{
	fprintf(stderr, "flicketctl keys: %s%s; see `flicketctl help keys`\n",
	    complaint, what);
	return 2;
}

static const struct action {
	const char	*name;
	int		(*run)(const char *folder, enum party, enum party);
	bool		 wants_name;
	bool		 has_option;	/* --service NAME */
} actions[] = {
	{ "make", make, false, true },
	{ "rotate", rotate, true, false },
	{ "retire", retire, true, false },
	{ "show", show, false, false },
	{ "check", check, false, false },
};

/* The arguments of a command, sorted out. */
struct words {
	const struct action	*action;
	const char		*name;
	const char		*folder;
};

static const struct action *
find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

/* 0, or the status to end with after a message. */
static int
sort_words(int argc, char **argv, struct words *w)
{
	if (argc < 2)
		return usage("what is to be done?", "");
	w->action = find_action(argv[1]);
	if (w->action == NULL)
		return usage("there is no ", argv[1]);
	for (int i = 2; i < argc; i++) {
		if (w->action->has_option && w->name == NULL && i + 1 < argc &&
		    strcmp(argv[i], "--service") == 0)
			w->name = argv[++i];
		else if (argv[i][0] == '-')
			return usage("not understood: ", argv[i]);
		else if (w->action->wants_name && w->name == NULL)
			w->name = argv[i];
		else if (w->folder == NULL)
			w->folder = argv[i];
		else
			return usage("one too many: ", argv[i]);
	}
	if (w->action->wants_name && w->name == NULL)
		return usage("NAME or all is missing after ", argv[1]);
	return 0;
}

/* Do it to one party, or to all. */
static int
run(const struct words *w)
{
	enum party	p;

	if (w->name == NULL || strcmp(w->name, "all") == 0)
		return w->action->run(w->folder, (enum party)1, PARTY_CTL);
	p = party_find(w->name, strlen(w->name));
	if (p == PARTY_NONE)
		return usage("nobody is named ", w->name);
	return w->action->run(w->folder, p, p);
}

int
keys_main(int argc, char **argv)
{
	struct words	w = { 0 };
	struct settings	s;
	int		status;

	if (argc == 2 && (strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return 0;
	}
	if ((status = sort_words(argc, argv, &w)) != 0)
		return status;
	settings_load(&s);
	if (w.folder == NULL)
		w.folder = s.keys;
	if (w.folder[0] == '\0')
		return usage("which folder? Name it, or set FLICKET_KEYS", "");
	if (sodium_init() == -1)
		log_fatal("libsodium cannot be used");
	return run(&w);
}
