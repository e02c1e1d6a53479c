/* gateway/http/hpack.c */
#include "gateway/http/hpack.h"

#include "unit.h"

#define BYTES(s)	(const uint8_t *)(s), sizeof(s) - 1

static void
fields_are_counted(void **state)
{
	static const struct { const char *name; const uint8_t *block;
	    size_t len, want; } rows[] = {
		{ "nothing", BYTES(""), 0 },
		{ "indexed", BYTES("\x82\x86\x84"), 3 },
		{ "indexed far behind", BYTES("\xff\x80\x01\x82"), 2 },
		{ "a new name", BYTES("\x40\x01x\x02yz\x82"), 2 },
		{ "a known name", BYTES("\x44\x02/a"), 1 },
		{ "not put into the table", BYTES("\x0f\x08\x01z\x82"), 2 },
		{ "never put into a table", BYTES("\x10\x01x\x01y"), 1 },
		{ "a table's size is none", BYTES("\x3f\xe1\x1f\x82"), 1 },
		{ "a value that is not there", BYTES("\x82\x44\x05/a"), 1 },
		{ "no value", BYTES("\x82\x44"), 1 },
		{ "an integer without end", BYTES("\xff\x80\x80\x80\x80\x80\x80"
		    "\x80\x80"), 0 },
		{ "a length beyond all", BYTES("\x44\x7f\xff\xff\xff\xff\x7f"),
		    0 },
		{ "more than asked for", BYTES("\x82\x82\x82\x82\x82\x82"), 4 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].name, (int64_t)hpack_count(rows[i].block,
		    rows[i].len, 4), (int64_t)rows[i].want);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("fields are counted, whatever they are", fields_are_counted),
	};

	return cmocka_run_group_tests_name("hpack", tests, NULL, NULL);
}
