/* Checking and making bcrypt hashes. */
#include "password.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>

#include "proto/log.h"

#define BCRYPT_MOST_BYTES	72	/* what is beyond is not looked at */

static struct {
	int	cost;
	char	nobody[PASSWORD_HASH_SIZE];	/* hash of a random password */
} password;

static bool
hash_with(const char *text, const char *setting, char ret[PASSWORD_HASH_SIZE])
{
	struct crypt_data	*data = must_alloc(sizeof(*data));
	const char		*hash = crypt_r(text, setting, data);
	bool			 ok = hash != NULL && hash[0] != '*' &&
				    strlen(hash) < PASSWORD_HASH_SIZE;

	if (ok)
		strcpy(ret, hash);
	sodium_memzero(data, sizeof(*data));
	free(data);
	return ok;
}

void
password_hash(const char *text, int cost, char ret[PASSWORD_HASH_SIZE])
{
	char	setting[CRYPT_GENSALT_OUTPUT_SIZE], salt[16];

	randombytes_buf(salt, sizeof(salt));
	if (crypt_gensalt_rn("$2b$", (unsigned long)cost, salt, sizeof(salt),
	    setting, sizeof(setting)) == NULL || !hash_with(text, setting, ret))
		log_fatal("libcrypt cannot make bcrypt hashes");
}

void
password_start(int cost)
{
	char	text[PASSWORD_RANDOM_SIZE];

	if (sodium_init() == -1)
		log_fatal("libsodium cannot be used");
	password.cost = cost;
	password_random(text);
	password_hash(text, cost, password.nobody);
}

static bool
compare(const char *text, const char *hash)
{
	char	again[PASSWORD_HASH_SIZE] = { 0 };
	char	stored[PASSWORD_HASH_SIZE] = { 0 };

	strcpy(stored, hash);
	return hash_with(text, hash, again) &&
	    sodium_memcmp(again, stored, sizeof(stored)) == 0;
}

static int
cost_of(const char *hash)
{
	/* "$2b$12$..." */
	return strlen(hash) > 6 && hash[0] == '$' && hash[1] == '2' ?
	    atoi(hash + 4) : 0;
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
	/* whoever is told no has waited for one hash at our cost */
	if (!is && cost_of(stored) < password.cost)
		(void)compare(text, password.nobody);
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
