/*
 * services/user/password.c, with a crypt_r() that counts, so that the time that
 * a "no" takes is known without a clock.
 */
#include "unit.h"

#include <crypt.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "services/user/password.h"

static unsigned	hashed[32];	/* times by cost */
static unsigned	crypt_runs;	/* of whatever scheme */

char *
crypt_r(const char *phrase, const char *setting, struct crypt_data *data)
{
	char	*(*real)(const char *, const char *, struct crypt_data *);

	*(void **)&real = dlsym(RTLD_NEXT, "crypt_r");
	assert_non_null(real);
	crypt_runs++;
	if (strlen(setting) > 6)
		hashed[strtoul(setting + 4, NULL, 10) % 32]++;
	return real(phrase, setting, data);
}

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
		ROW("no hash of ours: md5", "x",
		    "$1$salt$5KDEWmBDCf4pDXUkv6Dbw/", false),
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
		{ "half a hash", TEXT_OF("a"), "$2b$04$6KGZvgZvi7oANUF7",
		    false, 0, 1 },
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

/* Letters of a bcrypt hash behind its cost. */
#define REST	"6KGZvgZvi7oANUF7.KyxgOToWLsHBYyRPjU6DL6KtZ17JUrnuhFKi"

/* What may be in a store, and would take from minutes to days if it was run. */
static const struct { const char *name, *hash; enum password_kind kind;
    int cost; } judged[] = {
	{ "none", "", PASSWORD_NONE, 0 },
	{ "the least", "$2b$04$" REST, PASSWORD_BCRYPT, 4 },
	{ "the most", "$2b$16$" REST, PASSWORD_BCRYPT, 16 },
	{ "a", "$2a$12$" REST, PASSWORD_BCRYPT, 12 },
	{ "x", "$2x$12$" REST, PASSWORD_BCRYPT, 12 },
	{ "y", "$2y$12$" REST, PASSWORD_BCRYPT, 12 },
	{ "below the least", "$2b$03$" REST, PASSWORD_BROKEN, 3 },
	{ "one beyond", "$2b$17$" REST, PASSWORD_DEAR, 17 },
	{ "bcrypt's most", "$2b$31$" REST, PASSWORD_DEAR, 31 },
	{ "a, dear", "$2a$31$" REST, PASSWORD_DEAR, 31 },
	{ "x, dear", "$2x$31$" REST, PASSWORD_DEAR, 31 },
	{ "y, dear", "$2y$31$" REST, PASSWORD_DEAR, 31 },
	{ "more than can be", "$2b$99$" REST, PASSWORD_DEAR, 99 },
	{ "a salt alone, dear", "$2b$31$6KGZvgZvi7oANUF7.KyxgO", PASSWORD_DEAR,
	    31 },
	{ "another letter", "$2c$31$" REST, PASSWORD_BROKEN, 0 },
	{ "no letter", "$2$31$" REST, PASSWORD_BROKEN, 0 },
	{ "no digits", "$2b$3:$" REST, PASSWORD_BROKEN, 0 },
	{ "one digit", "$2b$5$" REST "a", PASSWORD_BROKEN, 0 },
	{ "SHA-512", "$6$rounds=999999999$salt$", PASSWORD_FOREIGN, 0 },
	{ "SHA-512, short", "$6$rounds=999999999$s", PASSWORD_FOREIGN, 0 },
	{ "SHA-256", "$5$rounds=999999999$salt$", PASSWORD_FOREIGN, 0 },
	{ "yescrypt", "$y$jFT$saltsaltsaltsaltsalts1$", PASSWORD_FOREIGN, 0 },
	{ "gost-yescrypt", "$gy$jFT$saltsaltsaltsaltsalts1$",
	    PASSWORD_FOREIGN, 0 },
	{ "scrypt", "$7$M6..../....SodiumChloride$", PASSWORD_FOREIGN, 0 },
	{ "PBKDF1", "$sha1$4294967295$saltsalt$", PASSWORD_FOREIGN, 0 },
	{ "Sun's MD5", "$md5,rounds=4294963199$saltsalt$", PASSWORD_FOREIGN,
	    0 },
	{ "MD5", "$1$saltsalt$", PASSWORD_FOREIGN, 0 },
	{ "NT", "$3$$8846f7eaee8fb117ad06bdd830b7586c", PASSWORD_FOREIGN, 0 },
	{ "BSDi's DES", "_zzzzsalt", PASSWORD_FOREIGN, 0 },
	{ "DES", "ab1234567890.", PASSWORD_BROKEN, 0 },
	{ "a text", "Password1", PASSWORD_BROKEN, 0 },
};

static void
hashes_are_judged(void **state)
{
	struct text	hash;
	int		cost;

	(void)state;
	for (size_t i = 0; i < LEN(judged); i++) {
		hash = text_of(judged[i].hash);
		check_number(judged[i].name, password_kind(hash, &cost),
		    judged[i].kind);
		check_number(judged[i].name, cost, judged[i].cost);
		check_number(judged[i].name, password_refusal(hash) != NULL,
		    judged[i].kind == PASSWORD_DEAR ||
		    judged[i].kind == PASSWORD_FOREIGN);
	}
}

/* Nor does it make a no dearer, or tell itself from any other. */
static void
what_is_not_to_be_run_never_is(void **state)
{
	(void)state;
	password_start(5);
	for (size_t i = 0; i < LEN(judged); i++) {
		if (judged[i].kind == PASSWORD_BCRYPT)
			continue;
		password_has_cost(judged[i].cost);
		memset(hashed, 0, sizeof(hashed));
		crypt_runs = 0;
		check_true(judged[i].name, !password_is(TEXT_OF("Password1"),
		    text_of(judged[i].hash)));
		check_number(judged[i].name, crypt_runs, 1);
		check_number(judged[i].name, hashed[5], 1);
	}
}

static void
a_no_takes_as_long_as_the_dearest_hash_that_is_run(void **state)
{
	(void)state;
	password_start(4);
	password_has_cost(6);
	password_has_cost(5);
	password_has_cost(PASSWORD_COST_MOST + 1);
	memset(hashed, 0, sizeof(hashed));
	check_true("nobody", !password_is(TEXT_OF("x"), TEXT_OF("")));
	check_number("once", hashed[6], 1);
}

/* The bounds of FLICKET_BCRYPT_COST. */
static void
what_is_made_is_run(void **state)
{
#define TEXT(member, name, dflt, most, what)
#define SECRET(member, name, dflt, most, what)
#define NUMBER(member, name, dflt, least, most, what) \
	{ name, least, most },
	static const struct { const char *name; int64_t least, most; }
	rows[] = {
#include "base/settings.tbl"
	};
#undef TEXT
#undef SECRET
#undef NUMBER
	size_t	found = 0;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		if (strcmp(rows[i].name, "FLICKET_BCRYPT_COST") == 0) {
			check_number("least", rows[i].least,
			    PASSWORD_COST_LEAST);
			check_number("most", rows[i].most, PASSWORD_COST_MOST);
			found++;
		}
	check_number("found", (int64_t)found, 1);
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
		HERE("a hash is judged by its text", hashes_are_judged),
		HERE("what is not to be run never is",
		    what_is_not_to_be_run_never_is),
		HERE("a no takes as long as the dearest hash that is run",
		    a_no_takes_as_long_as_the_dearest_hash_that_is_run),
		HERE("what is made is run", what_is_made_is_run),
		HERE("passwords that are made up differ",
		    made_up_passwords_differ),
	};

	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
