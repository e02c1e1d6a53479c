/* gateway/http/multipart.c: a row for each body, and every cut of a good one. */
#include "gateway/http/multipart.h"

#include <stdlib.h>

#include "unit.h"

#define TYPE	"multipart/form-data; boundary=b"
#define FILE_HEAD	"Content-Disposition: form-data; name=\"file\"; " \
			"filename=\"a.txt\"\r\n\r\n"

/* Read all parts; the last one in *ret. The number of them, or -1. */
static int
read_all(const char *type, struct text body, struct part *ret,
    const char **ret_wrong)
{
	struct multipart	m;
	enum multipart_result	result;
	int			count = 0;

	result = multipart_begin(&m, text_of(type), body);
	while (result == MULTIPART_PART) {
		result = multipart_next(&m, ret);
		count += result == MULTIPART_PART;
	}
	*ret_wrong = result == MULTIPART_OTHER ? "other" : m.wrong;
	return result == MULTIPART_END ? count : -1;
}

static void
content_types_are_read(void **state)
{
	static const struct { const char *type; int parts; } rows[] = {
		{ "multipart/form-data; boundary=b", 1 },
		{ "Multipart/Form-Data;BOUNDARY=b", 1 },
		{ "multipart/form-data; boundary=\"b\"", 1 },
		{ "multipart/form-data ; charset=utf-8 ; boundary=b ", 1 },
		{ "multipart/form-data; boundary=b;", 1 },
		{ "multipart/form-data; boundary=\"b", -1 },
		{ "multipart/form-data; boundary=", -1 },
		{ "multipart/form-data; boundary=\"\"", -1 },
		{ "multipart/form-data; boundary=\"b \"", -1 },
		{ "multipart/form-data; boundary=b; boundary=b", -1 },
		{ "multipart/form-data; boundary", -1 },
		{ "multipart/form-data boundary=b", -1 },
		{ "multipart/form-data; boundary=other", -1 },
		{ "multipart/form-data; boundary=<b>", -1 },
		{ "multipart/form-data; boundary=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", -1 },
		{ "multipart/form-data", -1 },
		{ "multipart/form-data;", -1 },
		{ "multipart/mixed; boundary=b", -1 },
		{ "application/json", -1 },
		{ "", -1 },
	};
	const char	*wrong;
	struct part	 part;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].type, read_all(rows[i].type, text_of(
		    "--b\r\n" FILE_HEAD "x\r\n--b--"), &part, &wrong),
		    rows[i].parts);
}

/* RFC 2046, 5.1.1: also when the body has just that boundary. */
static void
a_boundary_does_not_end_in_a_blank(void **state)
{
	const char	*wrong;
	struct part	 part;

	(void)state;
	check_number("refused", read_all("multipart/form-data; "
	    "boundary=\"b \"", text_of("--b \r\n" FILE_HEAD "x\r\n--b --"),
	    &part, &wrong), -1);
	check_part("and why", wrong, "boundary is not");
}

/* More than there is room for, in a header that is not too long itself. */
static void
a_long_name_is_refused(void **state)
{
	struct buf	 body = { 0 };
	const char	*wrong;
	struct part	 part;

	(void)state;
	buf_put_text(&body, "--b\r\nContent-Disposition: form-data; name=\"");
	for (int i = 0; i < 3 * NAME_MOST_BYTES; i++)
		buf_put_byte(&body, 'n');
	buf_put_text(&body, "\"\r\n\r\nx\r\n--b--");
	check_number("refused", read_all(TYPE, buf_text(&body), &part, &wrong),
	    -1);
	buf_done(&body);
}

static void
bodies_are_read(void **state)
{
	static const struct {
		const char	*body;
		int		 parts;
		const char	*content;	/* of the last part */
	} rows[] = {
		{ "--b\r\n" FILE_HEAD "x\r\n--b--\r\n", 1, "x" },
		{ "--b \t\r\n" FILE_HEAD "x\r\n--b--epilogue", 1, "x" },
		{ "preamble\r\n--b\r\n" FILE_HEAD "x\r\n--b--", 1, "x" },
		{ "\r\n--b\r\n" FILE_HEAD "x\r\n--b--", 1, "x" },
		{ "--b\r\n" FILE_HEAD "\r\n--b--", 1, "" },
		{ "--b\r\n" FILE_HEAD "\r\n\r\n--b--", 1, "\r\n" },
		{ "--b\r\n" FILE_HEAD "-b\r\n--b--", 1, "-b" },
		/* the empty line before is the delimiter's */
		{ "--b\r\n" FILE_HEAD "--b\r\n--b--", -1, NULL },
		{ "--b\r\n" FILE_HEAD "\n--b--\r\n--b--", 1, "\n--b--" },
		{ "--b\r\n" FILE_HEAD "x\r\n--b\r\n"
		    "content-disposition:form-data;name=n\r\n\r\n7\r\n--b--",
		    2, "7" },
		{ "--b\r\nX: y\r\nContent-Disposition: form-data; name=n\r\n"
		    "Content-Transfer-Encoding: Binary\r\n\r\n7\r\n--b--", 1,
		    "7" },
		{ "--b\r\nContent-Disposition: form-data; name=n\r\n\r\n--b--",
		    1, "" },
		{ "--b\r\nContent-Disposition : form-data;\r\n name=n;\r\n\t"
		  "filename=a\r\n\r\nx\r\n--b--",
		    1, "x" },
		{ "--b\r\n " FILE_HEAD "x\r\n--b--", -1, NULL },
		{ "--b--", 0, NULL },
		{ "", -1, NULL },
		{ "--c\r\n", -1, NULL },
		/* not at the beginning of a line: preamble */
		{ "x--b\r\n" FILE_HEAD "x\r\n--b--", 0, NULL },
		{ "--bx\r\n" FILE_HEAD "x\r\n--b--", -1, NULL },
		{ "--b\n" FILE_HEAD "x\r\n--b--", -1, NULL },
		{ "--b\r\n" FILE_HEAD "x\r\n--bx\r\n--b--", -1, NULL },
		{ "--b\r\n\r\nx\r\n--b--", -1, NULL },
		{ "--b\r\nno colon\r\n\r\nx\r\n--b--", -1, NULL },
		{ "--b\r\nA: b\r\n folded\r\n\r\nx\r\n--b--", -1, NULL },
		{ "--b\r\nContent-Disposition: attachment; name=n\r\n\r\n"
		    "x\r\n--b--", -1, NULL },
		{ "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
		    -1, NULL },
		{ "--b\r\nContent-Disposition: form-data; filename=n\r\n\r\n"
		    "x\r\n--b--", -1, NULL },
		{ "--b\r\nContent-Disposition: form-data; name=n; name=n\r\n"
		    "\r\nx\r\n--b--", -1, NULL },
		{ "--b\r\nContent-Disposition: form-data; name=\"n\r\n\r\n"
		    "x\r\n--b--", -1, NULL },
		{ "--b\r\nContent-Disposition: form-data; name=n\r\n"
		    "Content-Disposition: form-data; name=m\r\n\r\nx\r\n--b--",
		    -1, NULL },
		{ "--b\r\nContent-Transfer-Encoding: base64\r\n"
		    "Content-Disposition: form-data; name=n\r\n\r\nx\r\n--b--",
		    -1, NULL },
	};
	const char	*wrong;
	struct part	 part;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].body, read_all(TYPE,
		    text_of(rows[i].body), &part, &wrong), rows[i].parts);
		if (rows[i].parts == -1)
			check_true(rows[i].body, wrong != NULL);
		if (rows[i].content != NULL)
			check_text(rows[i].body, part.content,
			    text_of(rows[i].content));
	}
}

static void
file_names_are_read(void **state)
{
	static const struct { const char *header, *name; } rows[] = {
		{ "filename=\"a.txt\"", "a.txt" },
		{ "filename=a.txt", "a.txt" },
		{ "FileName=\"a b;c.txt\"", "a b;c.txt" },
		{ "filename=\"a\\\"b.txt\"", "a\"b.txt" },
		{ "filename=\"a\\\\b.txt\"", "a\\b.txt" },
		{ "filename=\"C:\\dir\\a.txt\"", "C:\\dir\\a.txt" },
		{ "filename=\"a%22b%20.txt\"", "a\"b%20.txt" },
		{ "filename=\"\xe6\xbc\xa2.png\"", "\xe6\xbc\xa2.png" },
		{ "filename=\"\"", "" },
		{ "filename=\"a.txt\"; filename*=UTF-8''b.txt", "b.txt" },
		{ "filename*=UTF-8''b.txt", "b.txt" },
		{ "other=\"a.txt\"", NULL },
		{ "filename=\"%2\"", "%2" },
		{ "filename=\"a\\x\"", "a\\x" },
	};
	struct buf	 body = { 0 };
	const char	*wrong;
	struct part	 part;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		body.len = 0;
		buf_printf(&body, "--b\r\nContent-Disposition: form-data; "
		    "name=\"file\"; %s\r\n\r\nx\r\n--b--", rows[i].header);
		check_number(rows[i].header, read_all(TYPE, buf_text(&body),
		    &part, &wrong), 1);
		check_text(rows[i].header, part.name, TEXT_OF("file"));
		check_true(rows[i].header, part.is_file ==
		    (rows[i].name != NULL));
		if (rows[i].name != NULL)
			check_text(rows[i].header, part.filename,
			    text_of(rows[i].name));
	}
	buf_done(&body);
}

static void
what_is_too_much_is_refused(void **state)
{
	struct buf	 body = { 0 };
	const char	*wrong;
	struct part	 part;

	(void)state;
	for (int n = MULTIPART_MOST; n <= MULTIPART_MOST + 1; n++) {
		body.len = 0;
		for (int i = 0; i < n; i++)
			buf_put_text(&body, "--b\r\n" FILE_HEAD "x\r\n");
		buf_put_text(&body, "--b--");
		check_number("parts", read_all(TYPE, buf_text(&body), &part,
		    &wrong), n <= MULTIPART_MOST ? n : -1);
	}
	for (int n = NAME_MOST_BYTES; n <= NAME_MOST_BYTES + 1; n++) {
		body.len = 0;
		buf_printf(&body, "--b\r\nContent-Disposition: form-data; "
		    "name=\"%0*d\"\r\n\r\nx\r\n--b--", n, 0);
		check_number("name", read_all(TYPE, buf_text(&body), &part,
		    &wrong), n <= NAME_MOST_BYTES ? 1 : -1);
		body.len = 0;
		buf_printf(&body, "--b\r\nContent-Disposition: form-data; "
		    "name=%0*d\r\n\r\nx\r\n--b--", n, 0);
		check_number("bare name", read_all(TYPE, buf_text(&body), &part,
		    &wrong), n <= NAME_MOST_BYTES ? 1 : -1);
	}
	body.len = 0;
	buf_printf(&body, "--b\r\nX: %05000d\r\n" FILE_HEAD "x\r\n--b--", 0);
	check_number("header", read_all(TYPE, buf_text(&body), &part, &wrong),
	    -1);
	body.len = 0;
	buf_put_text(&body, "--b\r\n");
	for (int i = 0; i < 20; i++)
		buf_put_text(&body, "X: y\r\n");
	buf_put_text(&body, FILE_HEAD "x\r\n--b--");
	check_number("headers", read_all(TYPE, buf_text(&body), &part, &wrong),
	    -1);
	buf_done(&body);
}

/* What was cut off, or has a byte changed, is read wrong or refused, and
 * nothing behind it is looked at: each copy has just its own bytes. */
static void
what_is_cut_off_is_refused(void **state)
{
	static const char	whole[] = "--b\r\n" FILE_HEAD "x\r\n--b\r\n"
	    "Content-Disposition: form-data; name=\"post_id\"\r\n\r\n7\r\n"
	    "--b--";
	const char		*wrong;
	struct part		 part;
	uint64_t		 random = 1;
	char			*copy;

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++) {
		/* no byte more than there is, for the sanitizer to see */
		copy = malloc(len == 0 ? 1 : len);
		assert_non_null(copy);
		memcpy(copy, whole, len);
		check_number("cut", read_all(TYPE, (struct text){ copy, len },
		    &part, &wrong), -1);
		free(copy);
	}
	for (int i = 0; i < 20000; i++) {
		copy = malloc(sizeof(whole) - 1);
		assert_non_null(copy);
		memcpy(copy, whole, sizeof(whole) - 1);
		for (int n = 0; n < 3; n++)
			copy[unit_random(&random) % (sizeof(whole) - 1)] =
			    "\r\n-b\";=\\ :"[unit_random(&random) % 10];
		read_all(TYPE, (struct text){ copy, sizeof(whole) - 1 },
		    &part, &wrong);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a Content-Type says what the boundary is",
		    content_types_are_read),
		TEST("a boundary does not end in a blank",
		    a_boundary_does_not_end_in_a_blank),
		TEST("a long name is refused", a_long_name_is_refused),
		TEST("a body is its parts, or malformed", bodies_are_read),
		TEST("a file's name is read as browsers write it",
		    file_names_are_read),
		TEST("what is too much is refused",
		    what_is_too_much_is_refused),
		TEST("what is cut off is refused",
		    what_is_cut_off_is_refused),
	};

	return cmocka_run_group_tests_name("multipart", tests, NULL, NULL);
}
