/* Checking and making bcrypt hashes. */
#include "password.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>

#include "proto/log.h"

#define BCRYPT_MOST_BYTES	72	/* what is beyond is not looked at */

#define COST_MOST		16	/* that waiting is done at; settings.tbl */

static struct {
	int	cost;			/* of a no */
	char	nobody[CRYPT_GENSALT_OUTPUT_SIZE]; /* salt of nobody's hash */
} password;

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

void
password_start(int cost)
{
	if (sodium_init() == -1)
		log_fatal("libsodium cannot be used");
	password.cost = cost;
	make_salt(cost, password.nobody);
}

void
password_has_cost(int cost)
{
	if (cost > COST_MOST)
		cost = COST_MOST;
	if (cost <= password.cost)
		return;
	password.cost = cost;
	make_salt(cost, password.nobody);
}

static bool
compare(const char *text, const char *hash)
{
	char	again[PASSWORD_HASH_SIZE] = { 0 };
	char	stored[PASSWORD_HASH_SIZE] = { 0 };

	memcpy(stored, hash, strnlen(hash, sizeof(stored) - 1));
	return hash_with(text, hash, again) &&
	    sodium_memcmp(again, stored, sizeof(stored)) == 0;
}

static int
cost_of(const char *hash)
{
	/* "$2b$12$..." */
	return strlen(hash) > 6 && hash[0] == '$' && hash[1] == '2' ?
	    (int)strtol(hash + 4, NULL, 10) : 0;
}

/*
 * Whoever is told no waits for one hash at our cost: as many at a lower one,
 * each step of which halves the time, as are missing to that.
 */
static void
wait_out(const char *text, const char *stored)
{
	int	cost = cost_of(stored);
	long	runs;

	if (cost == 0) {
		(void)compare(text, password.nobody);
		return;
	}
	if (cost >= password.cost)
		return;
	runs = (1L << (password.cost - cost)) - 1;
	for (long i = 0; i < runs; i++)
		(void)compare(text, stored);
}

bool
password_is(struct text given, struct text hash)
{
	char	text[BCRYPT_MOST_BYTES + 1], stored[PASSWORD_HASH_SIZE];
	size_t	len = given.len < BCRYPT_MOST_BYTES ? given.len :
		    BCRYPT_MOST_BYTES;
	bool	usable = hash.len > 0 && hash.len < sizeof(stored) &&
		    memchr(given.base, '\0', given.len) == NULL;
	bool	is = false;

	memcpy(text, given.base, len);
	text[len] = '\0';
	memcpy(stored, hash.base, usable ? hash.len : 0);
	stored[usable ? hash.len : 0] = '\0';
	if (usable)
		is = compare(text, stored);
	if (!is)
		wait_out(text, stored);
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
