/* JSON: which objects are records, and where a file is wrong. */
#include "unit.h"

#include <stdio.h>

#include "tools/flicketctl/data/records/records_parts.h"

static const char *const	names[] = { "a", "list", NULL };

static bool
go_on(int64_t done)
{
	return done >= 0;
}

/* The records of a text: values between '|', a line each; or what is wrong. */
static char *
read_all(const char *json, char *out, size_t size)
{
	FILE			*f = fmemopen((void *)(uintptr_t)json,
				    strlen(json), "r"), *to = fmemopen(out,
				    size, "w");
	struct feed		 feed;
	struct record		 r = { 0 };
	enum records_got	 got;
	enum json_form		 form = JSON_BEGIN;

	assert_non_null(f);
	assert_non_null(to);
	out[0] = '\0';	/* nothing is written if there is nothing */
	feed_open(&feed, f, 0, go_on);
	while ((got = json_read(&feed, names, &form, &r)) == RECORDS_ROW)
		fprintf(to, "%llu:%s|%s\n", (unsigned long long)r.line,
		    r.values[0].base, r.values[1].base);
	if (got == RECORDS_FAULT)
		fprintf(to, "%llu! %s", (unsigned long long)r.line,
		    r.why[0] != '\0' ? r.why : r.values[0].base);
	fclose(to);
	record_done(&r);
	feed_close(&feed);
	fclose(f);
	return out;
}

static void
test_records(void **unused)
{
	static const struct {
		const char	*json;
		const char	*values;
	} rows[] = {
		{ "[]", "" },
		{ " [ {\"a\": \"x\"} ,\n {\"a\": 1} ]\n", "1:x|\n2:1|\n" },
		{ "{\"a\": \"x\"}\n{\"a\": null}\n\n", "1:x|\n2:|\n" },
		{ "{\"a\": true}{\"a\": false}", "1:true|\n1:false|\n" },
		{ "{\"a\": 1.25, \"list\": [1, \"b c\"]}", "1:1.25|1\nb c\n" },
		{ "{\"list\": []}", "1:|\n" },
		{ "{\"a\":\n\"\\u6f22\\n\"}", "1:\xe6\xbc\xa2\n|\n" },
	};
	char	out[512];

	(void)unused;
	for (size_t i = 0; i < LEN(rows); i++)
		check_string(rows[i].json, read_all(rows[i].json, out,
		    sizeof(out)), rows[i].values);
}

static void
test_faults(void **unused)
{
	static const struct {
		const char	*json;
		const char	*fault;
	} rows[] = {
		{ "[{\"a\": 1}", "1! the file is over, but its array is not" },
		{ "[{\"a\": 1} {}]", "1! column 11: a comma is expected" },
		{ "[{\"a\": 1},\n]", "2! an object is expected behind" },
		{ "[] 1", "1! the array is over, but the file goes on" },
		{ "[1]", "1! column 2: an object is expected" },
		{ "{\"b\": 1}", "1! b" },
		{ "{\"a\": {}}", "1! a: it is an object" },
		{ "{\"list\": [[]]}", "1! a list has texts or whole numbers" },
		{ "\n{\"a\": 1, \"a\": 2}", "2! duplicate object key" },
		{ "{\"a\": \"\\u0000\"}", "1! " },
		{ "{\"a\":\n\"\xff\"}", "2! column 2: the byte 0xff" },
		{ "{\"a\": 1\n", "2! " },
		{ "\xff\xfe", "1! it is in UTF-16" },
		{ "[\n\xff", "2! " },
	};
	char	out[1024];

	(void)unused;
	for (size_t i = 0; i < LEN(rows); i++)
		check_part(rows[i].json, read_all(rows[i].json, out,
		    sizeof(out)), rows[i].fault);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("objects of an array or of lines are records",
		    test_records),
		TEST("what is wrong is named with its place", test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
