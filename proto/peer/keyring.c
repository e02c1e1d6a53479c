/* Key files: read strictly, as they decide who may connect. */
#include "proto/peer/keyring.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "base/hash.h"

#define FILE_MOST	512	/* bytes of a key file */

static const char *const kind_words[] = {
	[CURVE_PUBLIC] = "flicket-curve-public",
	[CURVE_SECRET] = "flicket-curve-secret",
};

static const struct {
	enum party	from;
	enum service_id	to;
} talks[] = {
#define TALK(FROM, TO) { PARTY_##FROM, SERVICE_##TO },
#include "proto/peer/talks.tbl"
#undef TALK
};

const char *
party_name(enum party p)
{
	if (p == PARTY_GATEWAY)
		return "gateway";
	if (p == PARTY_CTL)
		return "ctl";
	return service_name((enum service_id)p);
}

enum party
party_find(const char *name, size_t len)
{
	for (unsigned p = 1; p < PARTY_END; p++)
		if (strlen(party_name((enum party)p)) == len &&
		    memcmp(party_name((enum party)p), name, len) == 0)
			return (enum party)p;
	return PARTY_NONE;
}

bool
party_may_talk(enum party from, enum service_id to)
{
	for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++)
		if (talks[i].from == from && talks[i].to == to)
			return true;
	return false;
}

void
keyring_path(struct buf *ret, const char *folder, enum party p,
    enum curve_kind kind)
{
	ret->len = 0;
	if (kind == CURVE_PUBLIC)
		buf_printf(ret, "%s/public/%s.public", folder, party_name(p));
	else
		buf_printf(ret, "%s/%s/secret", folder, party_name(p));
}

/* --- parsing ------------------------------------------------------------- */

/* Take a word and the one space behind it off the beginning of a line. */
static bool
skip_word(struct text *line, const char *word)
{
	size_t	len = strlen(word);

	if (line->len <= len || memcmp(line->base, word, len) != 0 ||
	    line->base[len] != ' ')
		return false;
	line->base += len + 1;
	line->len -= len + 1;
	return true;
}

static bool
read_key(struct text hex, struct curve_key *ret)
{
	size_t	len;

	return hex.len == (size_t)CURVE_BYTES * 2 &&
	    sodium_hex2bin(ret->bytes, CURVE_BYTES, hex.base, hex.len, NULL,
	    &len, NULL) == 0 && len == CURVE_BYTES &&
	    !sodium_is_zero(ret->bytes, CURVE_BYTES);
}

/* The error in a line; NULL: it is valid. Messages do not repeat keys. */
static const char *
read_key_line(struct text line, enum curve_kind kind, enum party p,
    struct curve_key *ret)
{
	if (!skip_word(&line, kind_words[kind]))
		return "is not of the kind this file must have";
	if (!skip_word(&line, party_name(p)))
		return "is not of the party that this file is of";
	if (!read_key(line, ret))
		return "has no key of 64 hexadecimal digits at its end";
	return NULL;
}

bool
keyring_parse(struct text t, enum curve_kind kind, enum party p,
    unsigned most, struct curve_keys *ret, char why[CURVE_WHY])
{
	const char	*end, *wrong;
	struct text	 line;

	*ret = (struct curve_keys){ 0 };
	while (t.len > 0) {
		end = memchr(t.base, '\n', t.len);
		line = (struct text){ t.base, end == NULL ? t.len :
		    (size_t)(end - t.base) };
		t.base += line.len + (end != NULL);
		t.len -= line.len + (end != NULL);
		wrong = ret->count == most ? "is one too many" :
		    read_key_line(line, kind, p, &ret->key[ret->count]);
		if (wrong != NULL) {
			snprintf(why, CURVE_WHY, "line %u %s", ret->count + 1,
			    wrong);
			return false;
		}
		ret->count++;
	}
	if (ret->count == 0)
		snprintf(why, CURVE_WHY, "it is empty");
	return ret->count > 0;
}

/* --- files --------------------------------------------------------------- */

/* The length of a file's text; -1 with the reason in why. */
static ssize_t
read_key_text(int fd, enum curve_kind kind, char ret[FILE_MOST],
    char why[CURVE_WHY])
{
	struct stat	st;
	ssize_t		len;

	if (fd == -1 || fstat(fd, &st) == -1) {
		snprintf(why, CURVE_WHY, "%s", strerror(errno));
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, CURVE_WHY, "it is not a regular file");
		return -1;
	}
	if (kind == CURVE_SECRET && (st.st_mode & 077) != 0) {
		snprintf(why, CURVE_WHY, "others than its owner may read or "
		    "write it (mode %04o): chmod 600",
		    (unsigned)st.st_mode & 07777);
		return -1;
	}
	len = read(fd, ret, FILE_MOST);
	if (len == -1 || len == FILE_MOST) {
		snprintf(why, CURVE_WHY, "%s", len == -1 ? strerror(errno) :
		    "it is too long");
		return -1;
	}
	return len;
}

bool
keyring_read(const char *folder, enum curve_kind kind, enum party p,
    struct curve_keys *ret, char why[CURVE_WHY])
{
	char		text[FILE_MOST], wrong[CURVE_WHY];
	struct buf	path = { 0 };
	ssize_t		len;
	bool		done;
	int		fd;

	keyring_path(&path, folder, p, kind);
	/* opening a FIFO, for one, must not block */
	fd = open(path.base, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	len = read_key_text(fd, kind, text, wrong);
	done = len != -1 && keyring_parse((struct text){ text, (size_t)len },
	    kind, p, kind == CURVE_SECRET ? 1 : CURVE_KEYS, ret, wrong);
	sodium_memzero(text, sizeof(text));
	if (fd != -1)
		close(fd);
	if (!done)
		snprintf(why, CURVE_WHY, "%.300s: %.180s", path.base, wrong);
	buf_done(&path);
	return done;
}

void
keyring_derive(const struct curve_key *secret, struct curve_key *ret)
{
	(void)crypto_scalarmult_base(ret->bytes, secret->bytes);
}

static bool
load_own(struct keyring *k, const char *folder, enum party self,
    char why[CURVE_WHY])
{
	struct curve_keys	secret;

	if (!keyring_read(folder, CURVE_SECRET, self, &secret, why))
		return false;
	k->own_secret = secret.key[0];
	sodium_memzero(&secret, sizeof(secret));
	keyring_derive(&k->own_secret, &k->own_public);
	if (keyring_whose(k, k->own_public.bytes) == self)
		return true;
	snprintf(why, CURVE_WHY, "%.300s/%s/secret: its public key is not in "
	    "public/%s.public", folder, party_name(self), party_name(self));
	return false;
}

/* If two parties had one key, one could pass for the other. */
static bool
are_distinct(const struct keyring *k, const char *folder, char why[CURVE_WHY])
{
	enum party	whose;

	for (unsigned p = 1; p < PARTY_END; p++)
		for (unsigned i = 0; i < k->of[p].count; i++) {
			whose = keyring_whose(k, k->of[p].key[i].bytes);
			if (whose == (enum party)p)
				continue;
			snprintf(why, CURVE_WHY, "%.300s/public: %s and %s "
			    "have the same key", folder, party_name(whose),
			    party_name((enum party)p));
			return false;
		}
	return true;
}

bool
keyring_load(struct keyring *ret, const char *folder, enum party self,
    char why[CURVE_WHY])
{
	for (unsigned p = 1; p < PARTY_END; p++)
		if (!keyring_read(folder, CURVE_PUBLIC, (enum party)p,
		    &ret->of[p], why))
			return false;
	return are_distinct(ret, folder, why) &&
	    load_own(ret, folder, self, why);
}

enum party
keyring_whose(const struct keyring *k, const uint8_t *bytes)
{
	for (unsigned p = 1; p < PARTY_END; p++)
		for (unsigned i = 0; i < k->of[p].count; i++)
			if (memcmp(k->of[p].key[i].bytes, bytes,
			    CURVE_BYTES) == 0)
				return (enum party)p;
	return PARTY_NONE;
}

static uint64_t
stamp_file(uint64_t hash, const char *folder, enum party p,
    enum curve_kind kind)
{
	struct stat	st = { 0 };
	struct buf	path = { 0 };

	keyring_path(&path, folder, p, kind);
	if (stat(path.base, &st) == -1)
		memset(&st, 0, sizeof(st));
	buf_done(&path);
	hash = hash_number(hash, (uint64_t)st.st_ino);
	hash = hash_number(hash, (uint64_t)st.st_size);
	hash = hash_number(hash, (uint64_t)st.st_mode);
	hash = hash_number(hash, (uint64_t)st.st_mtim.tv_sec);
	return hash_number(hash, (uint64_t)st.st_mtim.tv_nsec);
}

uint64_t
keyring_stamp(const char *folder, enum party self)
{
	uint64_t	hash = HASH_START;

	for (unsigned p = 1; p < PARTY_END; p++)
		hash = stamp_file(hash, folder, (enum party)p, CURVE_PUBLIC);
	return stamp_file(hash, folder, self, CURVE_SECRET);
}
