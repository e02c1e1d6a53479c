/* flicketctl, the operator's tool: its commands, and those that only print. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/metrics.h"
#include "base/paths.h"
#include "base/process/harden.h"
#include "base/process/rlimits.h"
#include "base/settings.h"
#include "base/visible.h"
#include "services/user/password.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/desk/desk_settings.h"
#include "tools/flicketctl/desk/installed.h"
#include "tools/flicketctl/keys/permissions.h"

#define ARGUMENTS_MOST	16	/* words before the command */

static const struct cli_row cli_rows[] = {
#define COMMAND(NAME, RUN, SUMMARY, HELP) \
	{ .kind = CLI_COMMAND, .name = NAME, .run = RUN, \
	    .summary = SUMMARY, .help = HELP },
#define ARG(NAME, TYPE, NEED, SUMMARY) \
	{ .kind = CLI_ARG, .name = NAME, .type = TYPE, .need = CLI_##NEED, \
	    .summary = SUMMARY },
#define FLAG(NAME, SUMMARY) \
	{ .kind = CLI_FLAG, .name = NAME, .summary = SUMMARY },
#define VALUE(NAME, TYPE, SUMMARY) \
	{ .kind = CLI_VALUE, .name = NAME, .type = TYPE, .summary = SUMMARY },
#define NUMBER(NAME, TYPE, LEAST, MOST, SUMMARY) \
	{ .kind = CLI_NUMBER, .name = NAME, .type = TYPE, .least = LEAST, \
	    .most = MOST, .summary = SUMMARY },
#define EXAMPLE(LINE, SUMMARY) \
	{ .kind = CLI_EXAMPLE, .name = LINE, .summary = SUMMARY },
#define GROUP(TITLE, COMMANDS) \
	{ .kind = CLI_GROUP, .name = TITLE, .type = COMMANDS },
#define EXIT(STATUS, SUMMARY) \
	{ .kind = CLI_EXIT, .least = STATUS, .summary = SUMMARY },
#include "tools/flicketctl/cli/commands.tbl"
#undef COMMAND
#undef ARG
#undef FLAG
#undef VALUE
#undef NUMBER
#undef EXAMPLE
#undef EXIT
#undef GROUP
	{ .kind = CLI_END }
};

/* A command whose one option is to print as documents have it. */
int
settings_run(const struct cli *c)
{
	settings_print(stdout, cli_has(c, "markdown"));
	return STATUS_OK;
}

/*
 * The file is whole when it appears, so that a service never reads half of it.
 */
int
password_make_run(const struct cli *c)
{
	const char	*path = cli_arg(c, 0, NULL);
	char		 password[PASSWORD_RANDOM_SIZE + 1];
	size_t		 len;

	if (access(path, F_OK) == 0) {
		visible_printf(stdout, "%s is there already\n", path);
		return STATUS_OK;
	}
	password_random(password);
	len = strlen(password);
	password[len++] = '\n';
	if (!file_create(path, password, len, 0600)) {
		cli_fail("%s: %s", path, strerror(errno));
		return STATUS_FAILED;
	}
	visible_printf(stdout, "%s made\n", path);
	return STATUS_OK;
}

/* False after a message. */
static bool
print_first_line(const char *path, const char *advice)
{
	char	 line[PASSWORD_MOST_BYTES + 2];
	FILE	*f = fopen(path, "re");
	bool	 ok = f != NULL && fgets(line, sizeof(line), f) != NULL;

	if (!ok)
		cli_fail("%s: %s%s", path, f == NULL ? strerror(errno) :
		    "it is empty", advice);
	if (f != NULL)
		fclose(f);
	if (!ok)
		return false;
	line[strcspn(line, "\n")] = '\0';
	visible_printf(stdout, "%s\n", line);
	return true;
}

/* The password that the user service made up, whose file is then removed. */
static int
show_first_password(void)
{
	struct settings	s;

	settings_load(&s);
	if (chdir(s.data) == -1) {
		cli_fail("FLICKET_DATA: \"%s\" cannot be entered: %s", s.data,
		    strerror(errno));
		return STATUS_FAILED;
	}
	if (!print_first_line(PATHS_ADMIN_PASSWORD, "; the first password is "
	    "kept until it is shown. Set another: flicketctl user password "
	    "admin") || fflush(stdout) != 0)
		return STATUS_FAILED;
	if (unlink(PATHS_ADMIN_PASSWORD) == -1)
		cli_fail(PATHS_ADMIN_PASSWORD ": cannot be removed: %s",
		    strerror(errno));
	return STATUS_OK;
}

int
password_show_run(const struct cli *c)
{
	const char	*path = cli_arg(c, 0, NULL);

	if (path == NULL)
		return show_first_password();
	return print_first_line(path, "") ? STATUS_OK : STATUS_FAILED;
}

int
metrics_run(const struct cli *c)
{
	metrics_print(stdout, cli_has(c, "markdown"));
	return STATUS_OK;
}

int
permissions_run(const struct cli *c)
{
	permissions_print(stdout, cli_has(c, "markdown"));
	return STATUS_OK;
}

int
version_run(const struct cli *c)
{
	(void)c;
	puts("flicketctl " FLICKET_VERSION);
	return STATUS_OK;
}

static int
say_unknown(const char *word)
{
	const struct cli_row	*near = cli_nearest(word);

	visible_printf(stderr, "flicketctl: there is no command \"%s\"; ",
	    word);
	if (near != NULL)
		fprintf(stderr, "did you mean \"%s\"? ", near->name);
	fputs("`flicketctl help` lists them\n", stderr);
	return STATUS_USAGE;
}

/* One of the two words of a command is missing or wrong. */
static int
say_group(int argc, char **argv)
{
	char	name[128];

	if (argc == 1) {
		cli_overview(stderr, argv[0]);
		return STATUS_USAGE;
	}
	snprintf(name, sizeof(name), "%s %s", argv[0], argv[1]);
	return say_unknown(name);
}

static int
explain(int argc, char **argv)
{
	const struct cli_row	*command;
	int			 words;

	if (argc == 0) {
		cli_overview(stdout, NULL);
		return STATUS_OK;
	}
	command = cli_find(argc, argv, &words);
	if (command != NULL && words == argc) {
		cli_explain(stdout, command);
		return STATUS_OK;
	}
	if (argc == 1 && cli_is_group(argv[0])) {
		cli_overview(stdout, argv[0]);
		return STATUS_OK;
	}
	if (argc > 1 && !cli_is_group(argv[0])) {
		visible_printf(stderr, "flicketctl help: \"%s\" is not "
		    "understood\n", argv[command == NULL ? 0 : words]);
		return STATUS_USAGE;
	}
	return argc == 1 ? say_unknown(argv[0]) : say_group(argc, argv);
}

int
help_run(const struct cli *c)
{
	char	*words[CLI_ARGS_MOST];

	for (int i = 0; i < c->count; i++)
		words[i] = (char *)c->args[i];
	return explain(c->count, words);
}

static bool
asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* The row of an option by its name, "--data" or "--data=DIR", of any command. */
static const struct cli_row *
find_option(const char *word)
{
	const struct cli_row	*row = NULL;
	size_t			 len = strcspn(word += 2, "=");

	while ((row = cli_next_option(row)) != NULL)
		if (strlen(row->name) == len &&
		    memcmp(row->name, word, len) == 0)
			return row;
	return NULL;
}

/* How many words before the command are options, and values of them. */
static int
count_leading(int argc, char **argv)
{
	const struct cli_row	*row;
	int			 n = 0;

	while (n < argc && strncmp(argv[n], "--", 2) == 0 &&
	    argv[n][2] != '\0' && (row = find_option(argv[n])) != NULL)
		n += 1 + (row->kind != CLI_FLAG &&
		    strchr(argv[n], '=') == NULL);
	return n < argc ? n : argc;
}

/*
 * Options may be before the command: they are put behind its name, and are the
 * command's own.
 */
static void
move_leading(int argc, char **argv)
{
	char	*moved[ARGUMENTS_MOST];
	int	 leading = count_leading(argc, argv), words;

	(void)cli_find(argc - leading, argv + leading, &words);
	if (leading == 0 || words == 0 || leading > ARGUMENTS_MOST)
		return;
	memcpy(moved, argv, (size_t)leading * sizeof(*argv));
	memmove(argv, argv + leading, (size_t)words * sizeof(*argv));
	memcpy(argv + words, moved, (size_t)leading * sizeof(*argv));
}

static bool
has_data_option(const struct cli_row *command)
{
	const struct cli_row	*row = NULL;

	while ((row = cli_part(command, row, CLI_OPTION)) != NULL)
		if (strcmp(row->name, "data") == 0)
			return true;
	return false;
}

/*
 * The settings that the environment does not have: of the desk if it runs, else
 * of its file if this flicketctl is installed. Generated data never goes to the
 * installed desk by itself. False after a message.
 */
static bool
find_settings(const struct cli_row *command)
{
	if (has_data_option(command) && command->run != generate_run &&
	    !installed_find())
		return false;
	if (command->run == serve_run || !desk_settings_adopt())
		installed_adopt();
	return true;
}

static int
run_command(int argc, char **argv)
{
	const struct cli_row	*command;
	struct cli		 cli;
	int			 words, status;

	move_leading(argc, argv);
	command = cli_find(argc, argv, &words);
	if (command == NULL && cli_is_group(argv[0]))
		return argc > 1 && asks_for_help(argv[1]) ?
		    explain(1, argv) : say_group(argc, argv);
	if (command == NULL)
		return argc > 1 && argv[1][0] != '-' &&
		    cli_nearest(argv[0]) == NULL ? say_group(argc, argv) :
		    say_unknown(argv[0]);
	/* getopt takes the last word of the name for the program's name */
	status = cli_read(&cli, command, argc - words + 1, argv + words - 1);
	if (status != -1)
		return status;
	if (!find_settings(command))
		return STATUS_USAGE;
	return command->run(&cli);
}

static bool
is_serve(int argc, char **argv)
{
	int	leading = count_leading(argc, argv);

	return leading < argc && strcmp(argv[leading], "serve") == 0;
}

int
main(int argc, char **argv)
{
	static char	help[] = "help", version[] = "version";
	int		status;

	/* for the width of characters; messages are not translated */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	rlimits_ignore_signals();
	harden_tool();
	cli_init(cli_rows);
	/* messages are for the operator at a terminal, except those of serve */
	if (!is_serve(argc - 1, argv + 1))
		(void)setenv("FLICKET_LOG_FORMAT", "text", 0);
	if (argc < 2) {
		cli_overview(stderr, NULL);
		return STATUS_USAGE;
	}
	if (asks_for_help(argv[1]))
		argv[1] = help;
	else if (strcmp(argv[1], "--version") == 0)
		argv[1] = version;
	status = run_command(argc - 1, argv + 1);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("flicketctl: standard output");
		return STATUS_FAILED;
	}
	return status;
}
