/* base/buf.c */
#include "unit.h"

#include <stdlib.h>

static void
it_grows_and_keeps_what_it_has(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_put_byte(&b, (char)(i * 31));
	check_number("length", (int64_t)b.len, 100000);
	assert_true(b.size >= b.len);
	for (unsigned i = 0; i < 100000; i++)
		if (b.base[i] != (char)(i * 31))
			fail_msg("byte %u", i);
	buf_done(&b);
	check_true("nothing is left", b.base == NULL && b.len == 0 &&
	    b.size == 0);
	buf_done(&b);
}

static void
room_is_made_at_borders(void **state)
{
	struct buf	b = { 0 };
	char		block[1024] = { 0 };

	(void)state;
	for (size_t have = 250; have <= 260; have++)
		for (size_t more = 0; more <= 520; more++) {
			b = (struct buf){ 0 };
			buf_put(&b, block, have);
			buf_put(&b, block, more);
			assert_true(b.len == have + more && b.size >= b.len);
			buf_done(&b);
		}
}

static void
putting_nothing_is_nothing(void **state)
{
	struct buf	b = { 0 };

	(void)state;
	buf_put(&b, NULL, 0);
	buf_put_text(&b, "");
	buf_printf(&b, "%s", "");
	check_number("length", (int64_t)b.len, 0);
	buf_done(&b);
}

static void
printf_appends(void **state)
{
	struct buf	b = { 0 };
	char		big[1000];

	(void)state;
	buf_put_text(&b, "a");
	buf_printf(&b, "%d-%s", -5, "x");
	check_text("short", buf_text(&b), TEXT_OF("a-5-x"));
	buf_printf(&b, "%*d", 999, 7);
	check_number("long", (int64_t)b.len, 5 + 999);
	check_number("its end", b.base[b.len - 1], '7');
	memset(big, 'y', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	buf_printf(&b, "%s", big);
	check_number("again", (int64_t)b.len, 5 + 999 + 999);
	buf_done(&b);
}

static void
memory_comes_clean(void **state)
{
	char	*p = must_alloc(4096), *s;

	(void)state;
	for (size_t i = 0; i < 4096; i++)
		assert_true(p[i] == 0);
	free(p);
	s = must_strdup("copy");
	check_string("a copy", s, "copy");
	free(s);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a buffer grows and keeps what it has",
		    it_grows_and_keeps_what_it_has),
		TEST("room is made wherever a size ends",
		    room_is_made_at_borders),
		TEST("to put nothing changes nothing",
		    putting_nothing_is_nothing),
		TEST("a formatted text is appended whole", printf_appends),
		TEST("memory comes zeroed, and copies are copies",
		    memory_comes_clean),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
