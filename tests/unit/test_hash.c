/*
 * base/hash.h: what is stored and sent rests on these values. base/keyed_hash.h:
 * nothing does.
 */
#include "unit.h"

#include "base/hash.h"
#include "base/keyed_hash.h"

static void
texts_have_the_published_hashes(void **state)
{
	static const struct {
		const char	*text;
		uint64_t	 hash;
		uint32_t	 hash_32;
	} rows[] = {
		{ "", 0xcbf29ce484222325, 0x811c9dc5 },
		{ "a", 0xaf63dc4c8601ec8c, 0xe40c292c },
		{ "foobar", 0x85944171f73967e8, 0xbf9cf968 },
		{ "\xff", 0xaf64724c8602eb6e, 0x7a0b824e },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].text, hash_bytes(HASH_START, rows[i].text,
		    strlen(rows[i].text)), rows[i].hash);
		check_number(rows[i].text, hash_bytes_32(rows[i].text,
		    strlen(rows[i].text)), rows[i].hash_32);
	}
	check_number("in two pieces", hash_bytes(hash_bytes(HASH_START, "foo",
	    3), "bar", 3), hash_bytes(HASH_START, "foobar", 6));
	check_number("a number is its bytes", hash_number(HASH_START, 0x6261),
	    hash_bytes(HASH_START, "ab\0\0\0\0\0\0", 8));
	check_number("a step is of one byte", hash_step(HASH_START, 'a'),
	    hash_bytes(HASH_START, "a", 1));
}

static void
numbers_have_the_published_hashes(void **state)
{
	(void)state;
	/* the first numbers of a SplitMix64 that begins with 0 */
	check_number("first", hash_mix(0, 0), 0xe220a8397b1dcdaf);
	check_number("second", hash_mix(1, 0), 0x6e789e6aa1b965f4);
	check_number("third", hash_mix(2, 0), 0x06c45d188009454f);
	check_number("the state", hash_finish(HASH_GOLDEN),
	    0xe220a8397b1dcdaf);
	check_true("the order counts", hash_mix(1, 2) != hash_mix(2, 1));
}

static void
keys_make_other_hashes(void **state)
{
	struct hash_key	key, other;

	(void)state;
	keyed_hash_make_key(&key);
	keyed_hash_make_key(&other);
	check_true("the same", keyed_hash(&key, "ab", 2) ==
	    keyed_hash(&key, "abc", 2));
	check_true("other bytes", keyed_hash(&key, "ab", 2) !=
	    keyed_hash(&key, "ac", 2));
	check_true("another key", keyed_hash(&key, "ab", 2) !=
	    keyed_hash(&other, "ab", 2));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("texts have the published hashes",
		    texts_have_the_published_hashes),
		TEST("numbers have the published hashes",
		    numbers_have_the_published_hashes),
		TEST("another key makes other hashes", keys_make_other_hashes),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
