/* gateway/http/parameter.c: a row for each way to write a file's name. */
#include "gateway/http/parameter.h"

#include "unit.h"

#define HAN  "\xe6\xbc\xa2" /* U+6F22 */
#define LOST "\xef\xbf\xbd" /* U+FFFD */

static enum parameter_result
find(const char *all, char to[PARAMETER_MOST_BYTES], struct text *ret)
{
	return parameter_find(
	    text_of(all), "filename", to, PARAMETER_MOST_BYTES, ret);
}

static void
names_are_read_as_clients_write_them(void **state)
{
	static const struct {
		const char *all, *name;
	} rows[] = {
		/* .NET and PowerShell */
		{ "; name=file; filename=\"=?utf-8?B?5ryi?=\"; "
		  "filename*=utf-8''%E6%BC%A2.txt",
		    HAN ".txt" },
		{ "; filename=\"=?utf-8?B?5ryi?=\"", HAN },
		{ "; filename==?utf-8?b?5ryi?=", HAN },
		{ "; filename=\"=?UTF-8?Q?a=C3=A9_b.txt?=\"", "a\xc3\xa9 b.txt" },
		{ "; filename=\"=?utf-8?B?5ryi?= =?utf-8*en?q?.txt?=\"",
		    HAN ".txt" },
		{ "; filename=\"=?iso-8859-1?Q?=E4.txt?=\"", "\xc3\xa4.txt" },
		/* what is no such word is the name */
		{ "; filename=\"=?utf-8?B?5ryi?=.txt\"",
		    "=?utf-8?B?5ryi?=.txt" },
		{ "; filename=\"=?koi8-r?B?5ryi?=\"", "=?koi8-r?B?5ryi?=" },
		{ "; filename=\"=?utf-8?X?5ryi?=\"", "=?utf-8?X?5ryi?=" },
		{ "; filename=\"=?utf-8?B?5ryi\"", "=?utf-8?B?5ryi" },
		{ "; filename=\"=?utf-8?B?%?=\"", "=?utf-8?B?%?=" },
		{ "; filename=\"=?utf-8?Q?=C?=\"", "=?utf-8?Q?=C?=" },
		{ "; filename*=utf-8''=%3Futf-8%3FB%3F5ryi%3F=",
		    "=?utf-8?B?5ryi?=" },
		/* older Python, and aiohttp */
		{ "; filename*=utf-8''%E6%BC%A2.txt", HAN ".txt" },
		{ "; filename=\"%E6%BC%A2.txt\"; "
		  "filename*=UTF-8''%e6%bc%a2.txt",
		    HAN ".txt" },
		{ "; filename*=UTF-8''b.txt; filename=a.txt", "b.txt" },
		/* charsets */
		{ "; filename*=iso-8859-1'en'%e4.txt", "\xc3\xa4.txt" },
		{ "; filename*=us-ascii''a%E6.txt", "a" LOST ".txt" },
		{ "; filename*=koi8-r''%FF.txt", "%FF.txt" },
		{ "; filename*=utf-8''%FF%C3.txt", LOST LOST ".txt" },
		{ "; filename*=utf-8''%zz%4.txt%", "%zz%4.txt%" },
		{ "; filename*=utf-8''a%2520b.txt", "a%20b.txt" },
		{ "; filename*=\"utf-8''%E6%BC%A2\"", HAN },
		{ "; filename*=utf-8''", "" },
		{ "; filename*=abc.txt", "abc.txt" },
		{ "; filename*=a'b", "a'b" },
		/* sections */
		{ "; filename*0=\"abc\"; filename*1=\"def.txt\"",
		    "abcdef.txt" },
		{ "; filename*1=\"def.txt\"; filename*0=\"abc\"",
		    "abcdef.txt" },
		{ "; filename*0*=utf-8''%E6%BC; filename*1*=%A2.txt",
		    HAN ".txt" },
		{ "; filename*0*=utf-8''%E6%BC%A2; filename*1=%A2.txt",
		    HAN "%A2.txt" },
		{ "; filename=x; filename*0=a; filename*2=c", "a" },
		{ "; filename*1=b; filename=x", "x" },
		/* quotes and blanks */
		{ "; filename=\"a\\\"b%22c\\\\d\\e.txt\"",
		    "a\"b\"c\\d\\e.txt" },
		{ "; filename=\"C:\\dir\\a.txt\"", "C:\\dir\\a.txt" },
		{ "; filename=\"a;b.txt\"; name=c", "a;b.txt" },
		{ " ;name=\"n\" ;  FileName\t= \"a b.txt\" ", "a b.txt" },
		{ ";filename=a b(1).txt ; name=n", "a b(1).txt" },
		{ "; ;; other; filename=\"a.txt\";", "a.txt" },
		{ "; filename='a.txt'", "'a.txt'" },
		{ "; filename=\"\"", "" },
		{ "; filename=", NULL },
		{ "; filename", NULL },
		{ "; xfilename=a; filename2=b; name=c", NULL },
		{ "", NULL },
	};
	char to[PARAMETER_MOST_BYTES];
	struct text got;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].all, find(rows[i].all, to, &got),
		    rows[i].name == NULL ? PARAMETER_NONE : PARAMETER_READ);
		if (rows[i].name != NULL)
			check_text(rows[i].all, got, text_of(rows[i].name));
	}
}

static void
what_cannot_be_read_is_told(void **state)
{
	static const struct {
		const char *all;
		enum parameter_result want;
	} rows[] = {
		{ "; filename=\"a", PARAMETER_MALFORMED },
		{ "; filename=\"a\\\"", PARAMETER_MALFORMED },
		{ "; filename=\"a\"b", PARAMETER_MALFORMED },
		{ " filename=a", PARAMETER_MALFORMED },
		{ "; =a", PARAMETER_MALFORMED },
		{ "; file name=a", PARAMETER_MALFORMED },
		{ "; filename=a; filename=a", PARAMETER_TWICE },
		{ "; filename*=''a; FILENAME*=''a", PARAMETER_TWICE },
		{ "; filename*0=a; filename*0=b", PARAMETER_TWICE },
		{ "; filename=a; x=\"", PARAMETER_MALFORMED },
	};
	char to[PARAMETER_MOST_BYTES];
	struct text got;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(
		    rows[i].all, find(rows[i].all, to, &got), rows[i].want);
}

/* Each written value has a byte more than there is room for, or just none. */
static void
values_have_a_bound(void **state)
{
	static const char	*const rows[] = { "; filename=abcd%s",
		"; filename=\"abcd%s\"", "; filename*=''abcd%s",
		"; filename*=utf-8''abcd%s", "; filename*0=ab; filename*1=cd%s",
		"; filename*=iso-8859-1''ab%%e4%s" };
	struct buf		 all = { 0 };
	struct text		 got;
	char			 to[4];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		for (int more = 0; more <= 1; more++) {
			all.len = 0;
			buf_printf(&all, rows[i], more ? "e" : "");
			check_number(rows[i],
			    parameter_find(buf_text(&all), "filename", to,
				sizeof(to), &got),
			    more ? PARAMETER_TOO_LONG : PARAMETER_READ);
		}
	all.len = 0;
	for (int i = 0; i <= PARAMETER_SECTIONS_MOST; i++)
		buf_printf(&all, "; filename*%d=", i);
	check_number("sections without values",
	    parameter_find(buf_text(&all), "filename", to, sizeof(to), &got),
	    PARAMETER_NONE);
	all.len = 0;
	for (int i = 0; i <= PARAMETER_SECTIONS_MOST; i++)
		buf_printf(&all, "; filename*%d=\"\"", i);
	check_number("sections",
	    parameter_find(buf_text(&all), "filename", to, sizeof(to), &got),
	    PARAMETER_TOO_LONG);
	buf_done(&all);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("names are read as clients write them",
		    names_are_read_as_clients_write_them),
		TEST(
		    "what cannot be read is told", what_cannot_be_read_is_told),
		TEST("values have a bound", values_have_a_bound),
	};

	return cmocka_run_group_tests_name("parameter", tests, NULL, NULL);
}
