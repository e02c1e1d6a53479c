/*
 * services/user/password.c. It is included, with a crypt_r() that counts, so
 * that the time a "no" takes can be told without a clock.
 */
#include "unit.h"

#include <crypt.h>
#include <stdlib.h>

static unsigned	hashed[32];	/* times by cost */

static char *
counting_crypt_r(const char *phrase, const char *setting,
    struct crypt_data *data)
{
	if (strlen(setting) > 6)
		hashed[strtoul(setting + 4, NULL, 10) % 32]++;
	return crypt_r(phrase, setting, data);
}

#define crypt_r	counting_crypt_r
#include "services/user/password.c"
#undef crypt_r

/* "Password1", as Flicket's own code wrote it */
#define KNOWN	"$2b$04$6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi"
/* published with crypt_blowfish, whose tests they are */
#define UUU	"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

static int
start(void **state)
{
	(void)state;
	password_start(4);
	return 0;
}

static void
known_hashes_are_known(void **state)
{
	static const struct { const char *name; struct text in; const char
	    *hash; bool want; } rows[] = {
#define ROW(name, literal, hash, want) { name, TEXT_OF(literal), hash, want }
		ROW("right", "Password1", KNOWN, true),
		ROW("right, elsewhere", "U*U", UUU, true),
		ROW("wrong", "Password2", KNOWN, false),
		ROW("another case", "password1", KNOWN, false),
		ROW("shorter", "Password", KNOWN, false),
		ROW("longer", "Password1 ", KNOWN, false),
		ROW("empty", "", KNOWN, false),
		ROW("a NUL behind it", "Password1\0", KNOWN, false),
		ROW("a NUL and more behind it", "Password1\0x", KNOWN, false),
		ROW("only a NUL", "\0", KNOWN, false),
		ROW("the hash itself", KNOWN, KNOWN, false),
		ROW("no hash", "Password1", "", false),
		ROW("no hash, no password", "", "", false),
		ROW("a locked hash", "Password1", "*0", false),
		ROW("half a hash", "Password1", "$2b$04$6KGZvgZvi7oANUF7",
		    false),
		ROW("a hash of nothing we know", "Password1", "$9$x$y", false),
		ROW("a plain text", "Password1", "Password1", false),
		ROW("a hash with more behind it", "Password1", KNOWN "xyz",
		    false),
		ROW("a hash with much behind it", "Password1", KNOWN KNOWN,
		    false),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].name, password_is(rows[i].in,
		    text_of(rows[i].hash)), rows[i].want);
}

static void
hashes_are_salted(void **state)
{
	char	one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];

	(void)state;
	password_hash("secret", 4, one);
	password_hash("secret", 5, two);
	check_number("length", (int64_t)strlen(one), 60);
	check_true("cost", memcmp(one, "$2b$04$", 7) == 0 &&
	    memcmp(two, "$2b$05$", 7) == 0);
	check_true("each its own", strcmp(one + 7, two + 7) != 0);
	check_true("right", password_is(TEXT_OF("secret"), text_of(one)) &&
	    password_is(TEXT_OF("secret"), text_of(two)));
	check_true("wrong", !password_is(TEXT_OF("Secret"), text_of(one)));
}

/* bcrypt looks at 72 bytes; a password of more is its first 72. */
static void
seventy_two_bytes_count(void **state)
{
	char	text[101], hash[PASSWORD_HASH_SIZE];
	static const struct { const char *name; size_t len; bool want; }
	rows[] = {
		{ "71", 71, false }, { "72", 72, true }, { "73", 73, true },
		{ "100", 100, true },
	};

	(void)state;
	memset(text, 'p', 100);
	text[100] = '\0';
	password_hash(text, 4, hash);
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].name, password_is((struct text){ text,
		    rows[i].len }, text_of(hash)), rows[i].want);
	text[71] = 'q';
	check_true("the 72nd differs", !password_is((struct text){ text, 100 },
	    text_of(hash)));
	text[71] = 'p';
	text[72] = 'q';
	check_true("the 73rd does not count", password_is((struct text){ text,
	    100 }, text_of(hash)));
}

static void
every_no_takes_a_hash_at_our_cost(void **state)
{
	static const struct { const char *name; struct text in; const char
	    *hash; bool want; unsigned at4, at6; } rows[] = {
		{ "right, cheaper", TEXT_OF("Password1"), KNOWN, true, 1, 0 },
		{ "wrong, cheaper", TEXT_OF("Password2"), KNOWN, false, 4, 0 },
		{ "nobody", TEXT_OF("Password1"), "", false, 0, 1 },
		{ "with a NUL", TEXT_OF("a\0b"), KNOWN, false, 0, 1 },
		{ "a hash too long", TEXT_OF("a"), KNOWN KNOWN, false, 0, 1 },
	};
	char	hash[PASSWORD_HASH_SIZE];

	(void)state;
	password_start(6);
	for (size_t i = 0; i < LEN(rows); i++) {
		memset(hashed, 0, sizeof(hashed));
		check_number(rows[i].name, password_is(rows[i].in,
		    text_of(rows[i].hash)), rows[i].want);
		check_number(rows[i].name, hashed[4], rows[i].at4);
		check_number(rows[i].name, hashed[6], rows[i].at6);
	}
	password_hash("secret", 6, hash);
	memset(hashed, 0, sizeof(hashed));
	check_true("wrong", !password_is(TEXT_OF("x"), text_of(hash)));
	check_number("at our cost already", hashed[6], 1);
}

static void
made_up_passwords_differ(void **state)
{
	char	one[PASSWORD_RANDOM_SIZE], two[PASSWORD_RANDOM_SIZE];

	(void)state;
	password_random(one);
	password_random(two);
	check_number("length", (int64_t)strlen(one), 20);
	check_number("letters and digits", (int64_t)strspn(one,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
	    20);
	check_true("not the same", strcmp(one, two) != 0);
}

int
main(void)
{
#define HERE(sentence, f) { sentence, f, start, NULL, NULL }
	const struct CMUnitTest	tests[] = {
		HERE("known hashes are known, and what is no hash is nobody's",
		    known_hashes_are_known),
		HERE("hashes are salted, at the cost that was asked for",
		    hashes_are_salted),
		HERE("seventy-two bytes of a password count",
		    seventy_two_bytes_count),
		HERE("every no takes one hash at our cost",
		    every_no_takes_a_hash_at_our_cost),
		HERE("passwords that are made up differ",
		    made_up_passwords_differ),
	};

	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
