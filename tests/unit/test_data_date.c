/* Dates of imports: of Flicket's databases, and with an offset. */
#include "unit.h"

#include <string.h>

#include "tools/flicketctl/data/data_date.h"

static void
test_dates(void **unused)
{
	static const struct {
		const char	*text;
		int64_t		 us;
		bool		 has_offset;
		bool		 is_cut;
	} rows[] = {
		{ "1970-01-01", 0, false, false },
		{ "1970-01-02 00:00:01", 86401000000, false, false },
		{ "1970-01-01T00:01", 60000000, false, false },
		{ "1970-01-01 00:00:00.5", 500000, false, false },
		{ "1970-01-01 00:00:00.1234567", 123456, false, true },
		{ "1970-01-01 00:00:00.1234560", 123456, false, false },
		{ "1970-01-01T00:00:00Z", 0, true, false },
		{ "1970-01-01T01:00:00+01:00", 0, true, false },
		{ "1970-01-01T01:00:00.25+0100", 250000, true, false },
		{ "1970-01-01T00:00-00:30", 1800000000, true, false },
		{ "1970-01-01 05:00+05", 0, true, false },
		{ "2000-02-29", 951782400000000, false, false },
	};
	struct data_date	date;

	(void)unused;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_true(rows[i].text, data_date_read(rows[i].text,
		    &date));
		check_number(rows[i].text, date.us, rows[i].us);
		check_true(rows[i].text, date.has_offset ==
		    rows[i].has_offset);
		check_true(rows[i].text, date.is_cut == rows[i].is_cut);
	}
}

static void
test_no_dates(void **unused)
{
	static const char *const	rows[] = { "", "1970", "1970-1-1",
		"1970-02-30", "1900-02-29", "0000-01-01", "1970-13-01",
		"1970-01-01 24:00", "1970-01-01 1:00", "1970-01-01 01:60",
		"1970-01-01 00:00:60", "1970-01-01 00:00Z+01:00",
		"1970-01-01 00:00+24:00", "1970-01-01 00:00+01:60",
		"1970-01-01 00:00+1", "1970-01-01 00:00 CET", "1970-01-01Z",
		"1970-01-01 00:00+01:", " 1970-01-01", "1970-01-01 " };
	struct data_date		date;

	(void)unused;
	for (size_t i = 0; i < LEN(rows); i++)
		check_true(rows[i], !data_date_read(rows[i], &date));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("dates are read", test_dates),
		TEST("other texts are refused", test_no_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
