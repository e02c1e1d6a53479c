/* CSV: what is a cell, and where a file is wrong. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "tools/flicketctl/data/records/records_parts.h"

static bool
go_on(int64_t done)
{
	return done >= 0;
}

/* The records of a text: cells between '|', a line each; or what is wrong. */
static char *
read_all(struct text t, char *out, size_t size)
{
	FILE			*f = fmemopen((void *)(uintptr_t)t.base, t.len,
				    "r"), *to = fmemopen(out, size, "w");
	struct feed		 feed;
	struct record		 r = { 0 };
	enum records_got	 got;
	char			 separator;

	assert_non_null(f);
	assert_non_null(to);
	out[0] = '\0';	/* nothing is written if there is nothing */
	feed_open(&feed, f, 0, go_on);
	separator = csv_find_separator(&feed);
	while ((got = csv_read(&feed, separator, &r)) == RECORDS_ROW) {
		fprintf(to, "%llu:", (unsigned long long)r.line);
		for (size_t i = 0; i < r.count; i++)
			fprintf(to, "%s%.*s", i > 0 ? "|" : "",
			    (int)r.values[i].len, r.values[i].base);
		fputc('\n', to);
	}
	if (got == RECORDS_FAULT)
		fprintf(to, "%llu! %s", (unsigned long long)r.line, r.why);
	fclose(to);
	record_done(&r);
	feed_close(&feed);
	fclose(f);
	return out;
}

static void
test_cells(void **unused)
{
	static const struct {
		const char	*csv;
		const char	*cells;
	} rows[] = {
		{ "a,b\n1,2\n", "1:a|b\n2:1|2\n" },
		{ "a,b\r\n1,2", "1:a|b\n2:1|2\n" },
		{ "a;b\n1,x;2\n", "1:a|b\n2:1,x|2\n" },
		{ "a\tb\n1,x\t2;\n", "1:a|b\n2:1,x|2;\n" },
		{ "sep=|\na|b\n1,|2\n", "2:a|b\n3:1,|2\n" },
		{ "a\n\" 1 \"\n 2 \n", "1:a\n2: 1 \n3: 2 \n" },
		{ "a,b\n\"x\ny\r\nz\",\"\"\n", "1:a|b\n2:x\ny\r\nz|\n" },
		{ "a\n\"say \"\"no\"\"\"\n", "1:a\n2:say \"no\"\n" },
		{ "a,b\n,\n", "1:a|b\n2:|\n" },
		{ "a\n\n\r\n\n1\n\n", "1:a\n5:1\n" },
		{ "\xef\xbb\xbf" "a\n1\n", "1:a\n2:1\n" },
		{ "a\n\xe6\xbc\xa2\xf0\x9f\x98\x80\n",
		    "1:a\n2:\xe6\xbc\xa2\xf0\x9f\x98\x80\n" },
		{ "a\n1\r", "1:a\n2:1\n" },
	};
	char	out[512];

	(void)unused;
	for (size_t i = 0; i < LEN(rows); i++)
		check_string(rows[i].csv, read_all(text_of(rows[i].csv), out,
		    sizeof(out)), rows[i].cells);
}

static void
test_faults(void **unused)
{
	static const struct {
		const char	*csv;
		const char	*fault;
	} rows[] = {
		{ "a\n\"x\ny\n", "2! the quote of a cell that begins here" },
		{ "a\n\"x\ny\"z\n", "3! a cell goes on behind" },
		{ "a\nx\"y\n", "2! a quote in a cell without quotes" },
		{ "a\nx\ry\n", "2! a CR without LF" },
		{ "a\nxy\xff\n", "2! column 3: the byte 0xff" },
		{ "a\n\xe6\xbc\xa2\xc0\xaf\n", "2! column 2: the byte 0xc0" },
		{ "a\n\xed\xa0\x80\n", "2! column 1: the byte 0xa0" },
		{ "a\n\xf4\x90\x80\x80\n", "2! column 1: the byte 0x90" },
		{ "a\n\xe6\xbc", "2! column 1: the byte" },
		{ "\xff\xfe" "a\n", "1! it is in UTF-16" },
		{ "sep=;\r\xff\na\n", "1! column 7: the byte 0xff" },
	};
	char	out[1024];

	(void)unused;
	for (size_t i = 0; i < LEN(rows); i++)
		check_part(rows[i].csv, read_all(text_of(rows[i].csv), out,
		    sizeof(out)), rows[i].fault);
	check_part("a NUL", read_all(TEXT_OF("a\nx\0y\n"), out, sizeof(out)),
	    "2! column 2: a NUL byte");
}

static void
test_bounds(void **unused)
{
	char	csv[400], out[1024];
	size_t	len = 0;

	(void)unused;
	for (int i = 0; i < RECORDS_CELLS_MOST; i++)
		len += (size_t)sprintf(csv + len, "%s%d", i > 0 ? "," : "", i);
	check_true("as many cells as there may be", strchr(read_all((struct
	    text){ csv, len }, out, sizeof(out)), '!') == NULL);
	len += (size_t)sprintf(csv + len, ",one");
	check_part("one more", read_all((struct text){ csv, len }, out,
	    sizeof(out)), "1! there are more than 64 cells");
}

/* The bytes come in pieces: a line without anything may be in two of them. */
static void
test_pieces(void **unused)
{
	struct buf	csv = { 0 };
	size_t		size = 16 * FEED_BYTES;
	char		*out = must_alloc(size);

	(void)unused;
	buf_put_text(&csv, "ab\n");
	while (csv.len < FEED_BYTES - 1)
		buf_put_text(&csv, "1\n");
	assert_int_equal(csv.len, FEED_BYTES - 1);
	buf_put_text(&csv, "\r\n2\n");
	read_all(buf_text(&csv), out, size);
	check_part("the last line", strrchr(out, ':') - 5, "32769:2\n");
	check_true("no empty one", strstr(out, ":\n") == NULL);
	free(out);
	buf_done(&csv);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("cells are what RFC 4180 says", test_cells),
		TEST("lines may be in two pieces", test_pieces),
		TEST("what is wrong is named with its place", test_faults),
		TEST("a line has a bound of cells", test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
