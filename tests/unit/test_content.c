/* services/post/content.c: what a file is, by its name and by its content. */
#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "services/post/content.h"

#define BYTES(s)	{ (s), sizeof(s) - 1 }
#define ZEROS		"\0\0\0\0\0\0\0\0\0"

static int
start(void **state)
{
	(void)state;
	content_start();
	return 0;
}

static int
file_of(struct text bytes)
{
	int	fd = memfd_create("content", MFD_CLOEXEC);

	check_true("memfd", fd != -1);
	check_number("written", write(fd, bytes.base, bytes.len), bytes.len);
	return fd;
}

static void
contents_are_named(void **state)
{
	/* `is` is what the refusal ends in; NULL: the content fits */
	static const struct {
		const char	*extension;
		struct text	 content;
		const char	*is;
	} rows[] = {
		{ "txt", BYTES(""), NULL },
		{ "txt", BYTES("a"), NULL },
		{ "txt", BYTES("words\n"), NULL },
		{ "txt", BYTES("\x7f" "LF"), NULL },
		{ "txt", BYTES("\x7f" "ELF"), "(application/x-executable)" },
		{ "txt", BYTES("\x7f" "ELFwords"), "(application/x-executable)" },
		{ "txt", BYTES("\x7f" "ELF\0\0\0"), "(application/x-executable)" },
		{ "txt", BYTES("\x7f" "ELF\2\1\1" ZEROS), "(application/x-executable)" },
		{ "txt", BYTES("\1"), "binary data (application/octet-stream)" },
		{ "txt", BYTES("a\0b"), "binary data (application/octet-stream)" },
		{ "txt", BYTES("GIF89a\1\0\1\0\0\0\0"),
		    "GIF image data (image/gif)" },
		{ "gif", BYTES("GIF89a\1\0\1\0\0\0\0"), NULL },
		{ "pdf", BYTES("%PDF-1.4\n"), NULL },
		{ "png", BYTES("%PDF-1.4\n"), "PDF document (application/pdf)" },
		{ "png", BYTES("words\n"), "ASCII text (text/plain)" },
		{ "png", BYTES("\x7f" "ELF\0\0\0"), "(application/x-executable)" },
		{ "png", BYTES(""), "empty" },
		{ "other", BYTES("words\n"), NULL },
		{ "jfif", BYTES("%PDF-1.4\n"), "PDF document (application/pdf)" },
	};
	char	is[CONTENT_IS_SIZE];
	size_t	len, want;
	int	fd;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		fd = file_of(rows[i].content);
		is[0] = '\0';
		check_true(rows[i].extension, content_fits(fd,
		    rows[i].extension, is) == (rows[i].is == NULL));
		close(fd);
		if (rows[i].is == NULL)
			continue;
		len = strlen(is);
		want = strlen(rows[i].is);
		check_true(rows[i].is, len >= want &&
		    strcmp(is + len - want, rows[i].is) == 0);
	}
}

static void
names_promise_a_type(void **state)
{
	(void)state;
	check_true("text", strcmp(content_claim("txt"), "text/plain") == 0);
	check_true("picture", strcmp(content_claim("jpeg"), "image/jpeg") == 0);
	check_true("not known", strcmp(content_claim("other"), "another type") ==
	    0);
	check_true("served", strcmp(content_type("other"),
	    "application/octet-stream") == 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(contents_are_named),
		cmocka_unit_test(names_promise_a_type),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
