/* tools/flicketctl/desk/installed.c: where the file is, and how its lines are read. */
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "tools/flicketctl/desk/installed.h"

static void
the_file_is_beside_the_program(void **state)
{
	static const struct {
		const char	*program;
		const char	*path;	/* of the settings; NULL: no file */
	} rows[] = {
		{ "/usr/bin/flicketctl", "/etc/flicketd/flicketd.env" },
		{ "/usr/local/bin/flicketctl",
		    "/usr/local/etc/flicketd/flicketd.env" },
		{ "/opt/desk/bin/flicketctl",
		    "/opt/desk/etc/flicketd/flicketd.env" },
		{ "/stage/usr/bin/flicketctl",
		    "/stage/etc/flicketd/flicketd.env" },
		{ "/bin/flicketctl", "/etc/flicketd/flicketd.env" },
		{ "/r/bin/flicketctl", "/r/etc/flicketd/flicketd.env" },
		{ "/home/jo/sbin/flicketctl", NULL },
		{ "/flicketctl", NULL },
		{ "bin/flicketctl", NULL },
		{ "flicketctl", NULL },
		{ "", NULL },
	};
	char	path[PATH_MAX], small[20];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		check_true(rows[i].program, installed_path(rows[i].program,
		    path, sizeof(path)) == (rows[i].path != NULL));
		if (rows[i].path != NULL)
			check_string(rows[i].program, path, rows[i].path);
	}
	assert_false(installed_path("/usr/bin/flicketctl", small,
	    sizeof(small)));
}

static void
lines_are_read_as_systemd_reads_them(void **state)
{
	static const struct {
		const char	*line;
		const char	*name;	/* NULL: nothing is set */
		const char	*value;
	} rows[] = {
		{ "FLICKET_DATA=/srv/desk", "FLICKET_DATA", "/srv/desk" },
		{ "\tA1_b=x y  \r", "A1_b", "x y" },
		{ "A=", "A", "" },
		{ "A= x", "A", "x" },
		{ "A=b=c", "A", "b=c" },
		{ "A=x # y", "A", "x # y" },
		{ "A=\"x  y \"", "A", "x  y " },
		{ "A='a\\b\"c'", "A", "a\\b\"c" },
		{ "A=\"a\\\"b\\c\"", "A", "a\"b\\c" },
		{ "A=a\\ b\\\\c", "A", "a b\\c" },
		{ "A=\"a\"'b'c", "A", "abc" },
		{ "", NULL, NULL },
		{ " \t", NULL, NULL },
		{ "# A=b", NULL, NULL },
		{ "; A=b", NULL, NULL },
	};
	char	 line[64], *name, *value;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(line, sizeof(line), "%s", rows[i].line);
		check_true(rows[i].line, installed_read_line(line, &name,
		    &value));
		check_true(rows[i].line, (name == NULL) ==
		    (rows[i].name == NULL));
		if (name == NULL)
			continue;
		check_string(rows[i].line, name, rows[i].name);
		check_string(rows[i].line, value, rows[i].value);
	}
}

static void
other_lines_are_refused(void **state)
{
	static const char *const	rows[] = {
		"FLICKET_DATA", "FLICKET_DATA =x", "=x", "1A=x", "A-B=x",
		"export A=b", "A=\"x", "A='x", "A=x\\", "A=\"x\\",
		"\303\244=x"
	};
	char	 line[64], *name, *value;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(line, sizeof(line), "%s", rows[i]);
		check_true(rows[i], !installed_read_line(line, &name,
		    &value));
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("the file is beside the program",
		    the_file_is_beside_the_program),
		TEST("lines are read as systemd reads them",
		    lines_are_read_as_systemd_reads_them),
		TEST("other lines are refused", other_lines_are_refused),
	};

	return cmocka_run_group_tests_name("installed", tests, NULL, NULL);
}
