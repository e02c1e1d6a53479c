/* flicketctl man: the manual page, in the form of man(7). */
#include <ctype.h>
#include <string.h>

#include "tools/flicketctl/cli/cli.h"

/* Text of a page; characters that troff would interpret are escaped. */
static void
put_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-')
			fputs("\\-", stdout);
		else if (text[i] == '~')
			fputs("\\(ti", stdout);
		else if ((text[i] == '\'' || text[i] == '.') &&
		    (i == 0 || text[i - 1] == '\n'))
			printf("\\&%c", text[i]);
		else if (text[i] == '\'')
			fputs("\\(aq", stdout);
		else
			putchar(text[i]);
	}
}

static void
put_escaped(const char *text)
{
	put_text(text, strlen(text));
}

/* A help text: an empty line begins a paragraph, indented lines stay lines. */
static void
put_help(const char *text)
{
	size_t	n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n == 0)
			fputs(".PP", stdout);
		else if (text[0] == ' ') {
			fputs(".br\n", stdout);
			put_text(text, n);
		} else
			put_text(text, n);
		putchar('\n');
	}
}

static void
put_option(const struct cli_row *row)
{
	struct buf	option = { 0 };

	fputs(".TP\n", stdout);
	if (row->kind == CLI_ARG) {
		printf(".I ");
		put_escaped(row->name);
	} else {
		cli_put_option(&option, row);
		fputs(".B ", stdout);
		put_text(option.base, option.len);
		buf_done(&option);
	}
	putchar('\n');
	put_escaped(row->summary);
	if (row->kind == CLI_NUMBER)
		printf(" (%lld to %lld)", (long long)row->least,
		    (long long)row->most);
	putchar('\n');
}

static void
put_exit_section(const struct cli_row *command)
{
	fputs(".TP\n.I Exit status\n", stdout);
	for (int i = 0; i <= CLI_EXIT_MOST; i++) {
		if (cli_exit(command, i) == NULL)
			continue;
		printf("%s%d: ", i == 0 ? "" : "; ", i);
		put_escaped(cli_exit(command, i));
	}
	putchar('\n');
}

static void
put_definition(const char *term, const char *text)
{
	fputs(".TP\n.B ", stdout);
	put_escaped(term);
	putchar('\n');
	put_escaped(text);
	putchar('\n');
}

/* The meaning of exit statuses for the program as a whole. */
static void
put_exits_of_all(void)
{
	struct buf	exit = { 0 };

	puts(".SH EXIT STATUS\nA command may say more of it, above.");
	for (int i = 0; i <= CLI_EXIT_MOST; i++) {
		if (!cli_exit_of_all(&exit, NULL, i))
			continue;
		printf(".TP\n.B %d\n", i);
		put_escaped(exit.base);
		putchar('\n');
	}
	buf_done(&exit);
}

static void
put_command(const struct cli_row *command)
{
	const struct cli_row	*row = NULL;

	printf(".SS flicketctl %s", command->name);
	cli_put_synopsis(stdout, command, 0);
	printf("\n%c", toupper((unsigned char)command->summary[0]));
	put_escaped(command->summary + 1);
	puts(".");
	if (command->help[0] != '\0')
		puts(".PP");
	put_help(command->help);
	while ((row = cli_part(command, row, CLI_ARG)) != NULL)
		put_option(row);
	while ((row = cli_part(command, row, CLI_OPTION)) != NULL)
		put_option(row);
	put_exit_section(command);
	while ((row = cli_part(command, row, CLI_EXAMPLE)) != NULL)
		put_definition(row->name, row->summary);
}

int
man_run(const struct cli *c)
{
	const struct cli_row	*row = NULL;

	(void)c;
	puts(".\\\" Made by `flicketctl man` from "
	    "tools/flicketctl/cli/commands.tbl.\n"
	    ".TH FLICKETCTL 1 \"\" \"flicketd\" \"flicketd\"\n"
	    ".SH NAME\n"
	    "flicketctl \\- run and look after a flicketd help desk\n"
	    ".SH SYNOPSIS\n"
	    ".B flicketctl\n"
	    "[\\fIOPTIONS\\fR]\n"
	    ".I COMMAND\n"
	    "[\\fIARGUMENTS\\fR]\n"
	    ".SH DESCRIPTION\n"
	    "One program for what is done to a desk, not through its API.\n"
	    "A desk is a data folder, FLICKET_DATA or\n"
	    ".BR \\-\\-data ,\n"
	    "and settings, environment variables that\n"
	    ".B flicketctl settings\n"
	    "lists. The settings of a desk that runs are known from its data\n"
	    "folder. Of an installed\n"
	    ".BR flicketctl ,\n"
	    "a desk that does not run has those of /etc/flicketd/flicketd.env\n"
	    "(/usr/local/etc/flicketd/flicketd.env if it is below /usr/local).\n"
	    ".SH OPTIONS\n" CLI_OPTIONS_TEXT);
#define OPTION(left, text)	put_definition(left, text);
	CLI_SHARED_OPTIONS(OPTION)
#undef OPTION
	puts(".SH COMMANDS");
	while ((row = cli_next(row)) != NULL)
		put_command(row);
	put_exits_of_all();
	puts(".SH ENVIRONMENT\n"
	    ".TP\n.B FLICKET_*\nThe settings of the desk, as for its programs.\n"
	    ".TP\n.B NO_COLOR\nIf it is set and not empty, terminals get no "
	    "colours.\n"
	    ".SH SEE ALSO\n"
	    "docs/operations.md of flicketd");
	return STATUS_OK;
}
