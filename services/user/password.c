/* Checking and making bcrypt hashes. */
#include "services/user/password.h"

#include <crypt.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"

#define BCRYPT_MOST_BYTES	72	/* bcrypt ignores more */
#define BCRYPT_BYTES		60	/* "$2b$12$" and 53 letters */

static struct {
	atomic_int	most_cost;	/* of all stored hashes */
	int		cost;		/* that the time of a no is of */
	char		no_salt[CRYPT_GENSALT_OUTPUT_SIZE]; /* for a no without
						     * a stored hash */
} password;

/* --- kinds of hashes ------------------------------------------------------ */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether a hash begins as bcrypt's do: "$2b$12$". */
static bool
begins_as_bcrypt(struct text hash)
{
	const char	*p = hash.base;

	return hash.len >= 7 && p[0] == '$' && p[1] == '2' && p[2] != '\0' &&
	    strchr("abxy", p[2]) != NULL && p[3] == '$' && is_digit(p[4]) &&
	    is_digit(p[5]) && p[6] == '$';
}

static bool
is_whole_hash(struct text hash)
{
	static const char	letters[] = "./0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz";

	for (size_t i = 7; i < hash.len; i++)
		if (memchr(letters, hash.base[i], sizeof(letters) - 1) == NULL)
			return false;
	return hash.len == BCRYPT_BYTES;
}

enum password_kind
password_kind(struct text hash, int *ret_cost)
{
	int	cost = 0;

	if (begins_as_bcrypt(hash))
		cost = (hash.base[4] - '0') * 10 + hash.base[5] - '0';
	if (ret_cost != NULL)
		*ret_cost = cost;
	if (hash.len == 0)
		return PASSWORD_NONE;
	if (cost > PASSWORD_COST_MOST)
		return PASSWORD_DEAR;
	if (cost >= PASSWORD_COST_LEAST && is_whole_hash(hash))
		return PASSWORD_BCRYPT;
	if (hash.base[0] == '_' || (hash.base[0] == '$' && hash.len > 1 &&
	    hash.base[1] != '2'))
		return PASSWORD_FOREIGN;
	return PASSWORD_BROKEN;
}

_Static_assert(PASSWORD_COST_MOST == 16, "is said below");

const char *
password_refusal(struct text hash)
{
	switch (password_kind(hash, NULL)) {
	case PASSWORD_DEAR:
		return "password_hash: a hash at a cost beyond 16 is never "
		    "checked.";
	case PASSWORD_FOREIGN:
		return "password_hash: this is not a bcrypt hash.";
	default:
		return NULL;
	}
}

/* --- hashing ----------------------------------------------------------------- */

static bool
hash_with(const char *text, const char *setting, char ret[PASSWORD_HASH_SIZE])
{
	struct crypt_data	*data = must_alloc(sizeof(*data));
	const char		*hash = crypt_r(text, setting, data);
	bool			 ok = hash != NULL && hash[0] != '*' &&
				    strlen(hash) < PASSWORD_HASH_SIZE;

	if (ok)
		memcpy(ret, hash, strlen(hash) + 1);
	sodium_memzero(data, sizeof(*data));
	free(data);
	return ok;
}

static void
make_salt(int cost, char ret[CRYPT_GENSALT_OUTPUT_SIZE])
{
	char	random[16];

	randombytes_buf(random, sizeof(random));
	if (crypt_gensalt_rn("$2b$", (unsigned long)cost, random,
	    sizeof(random), ret, CRYPT_GENSALT_OUTPUT_SIZE) == NULL)
		log_fatal("libcrypt cannot make bcrypt hashes");
}

void
password_hash(const char *text, int cost, char ret[PASSWORD_HASH_SIZE])
{
	char	salt[CRYPT_GENSALT_OUTPUT_SIZE];

	make_salt(cost, salt);
	if (!hash_with(text, salt, ret))
		log_fatal("libcrypt cannot make bcrypt hashes");
}

/* From here on a no takes as long as a hash at this cost. */
static void
set_cost(int cost)
{
	password.cost = cost;
	make_salt(cost, password.no_salt);
}

void
password_start(int cost)
{
	if (sodium_init() == -1)
		log_fatal("libsodium cannot be used");
	atomic_store(&password.most_cost, cost);
	set_cost(cost);
}

void
password_has_cost(int cost)
{
	int	most = atomic_load(&password.most_cost);

	while (cost > most && cost <= PASSWORD_COST_MOST &&
	    !atomic_compare_exchange_weak(&password.most_cost, &most, cost))
		continue;
}

static bool
matches_hash(const char *text, const char *hash)
{
	char	again[PASSWORD_HASH_SIZE] = { 0 };
	char	stored[PASSWORD_HASH_SIZE] = { 0 };

	memcpy(stored, hash, strnlen(hash, sizeof(stored) - 1));
	return hash_with(text, hash, again) &&
	    sodium_memcmp(again, stored, sizeof(stored)) == 0;
}

/*
 * Spend the time that a no takes beyond the hash that was compared. A hash at a
 * lower cost, of which each step halves the time, is run again as often as that
 * takes; where no hash could be compared, one at the full cost is run.
 */
static void
wait_out(const char *text, const char *stored, int cost)
{
	long	runs;

	if (cost == 0) {
		(void)matches_hash(text, password.no_salt);
		return;
	}
	if (cost >= password.cost)
		return;
	runs = (1L << (password.cost - cost)) - 1;
	for (long i = 0; i < runs; i++)
		(void)matches_hash(text, stored);
}

bool
password_is(struct text given, struct text hash)
{
	char	text[BCRYPT_MOST_BYTES + 1], stored[BCRYPT_BYTES + 1] = "";
	size_t	len = given.len < BCRYPT_MOST_BYTES ? given.len :
		    BCRYPT_MOST_BYTES;
	int	cost, most = atomic_load(&password.most_cost);
	bool	usable = password_kind(hash, &cost) == PASSWORD_BCRYPT &&
		    memchr(given.base, '\0', given.len) == NULL;
	bool	is = false;

	if (most > password.cost)
		set_cost(most);
	memcpy(text, given.base, len);
	text[len] = '\0';
	if (usable) {
		memcpy(stored, hash.base, BCRYPT_BYTES);
		is = matches_hash(text, stored);
	}
	if (!is)
		wait_out(text, stored, usable ? cost : 0);
	sodium_memzero(text, sizeof(text));
	return is;
}

void
password_random(char ret[PASSWORD_RANDOM_SIZE])
{
	static const char	alphabet[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	for (int i = 0; i < PASSWORD_RANDOM_SIZE - 1; i++)
		ret[i] = alphabet[randombytes_uniform(sizeof(alphabet) - 1)];
	ret[PASSWORD_RANDOM_SIZE - 1] = '\0';
}
