/* flicketctl: one program for what is done to a desk, not through its API. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "import.h"
#include "permissions.h"
#include "proto/settings.h"
#include "serve.h"

static int	settings_main(int, char **);
static int	permissions_main(int, char **);
static int	version_main(int, char **);
static int	help_main(int, char **);

struct command {
	const char	*name;
	int		(*run)(int, char **);
	const char	*arguments;
	const char	*summary;	/* one line */
	const char	*help;		/* NULL: it has a --help of its own */
};

static const struct command commands[] = {
	{ "serve", serve_main, "",
	    "run the gateway and the four services, restart what dies",
	    "Stays in the foreground. When the desk is ready it prints its\n"
	    "URL and, once, the password that was made for admin. SIGTERM and\n"
	    "Ctrl-C stop everything within 5 seconds; SIGHUP is passed on.\n"
	    "Its settings come from the environment: `flicketctl settings`.\n" },
	{ "import", import_main, "[--data DIR] [--uploads DIR] "
	    "[--avatars DIR] FLICKET.db",
	    "take over the database of a Flicket installation", NULL },
	{ "generate", generate_main, "[--users N] [--tickets N] [--posts N] "
	    "[--seed N] [--data DIR]",
	    "make a desk of any size, to measure and to try", NULL },
	{ "settings", settings_main, "[--markdown]",
	    "list every setting, its default and its bounds",
	    "Settings are environment variables; each program checks them when\n"
	    "it starts.\n"
	    "  --markdown     as the table that is in the README\n" },
	{ "permissions", permissions_main, "[--markdown]",
	    "list every request and who may make it",
	    "A token that is for reading only serves for what its owner may\n"
	    "read (GET, HEAD), and for nothing else.\n"
	    "  --markdown     as the table that is in docs/api.md\n" },
	{ "version", version_main, "", "print the version", "" },
	{ "help", help_main, "[COMMAND]", "explain a command", "" },
};
#define COMMAND_COUNT	(sizeof(commands) / sizeof(commands[0]))

static void
print_overview(FILE *f)
{
	fputs("usage: flicketctl COMMAND [ARGUMENTS]\n\n", f);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(f, "  %-12s %s\n", commands[i].name,
		    commands[i].summary);
	fputs("\nExit status: 0 done, 1 failed, 2 wrong usage or settings.\n",
	    f);
}

static int
explain(const struct command *c)
{
	char	 name[32], option[] = "--help";
	char	*argv[] = { name, option, NULL };

	if (c->help == NULL) {
		snprintf(name, sizeof(name), "%s", c->name);
		return c->run(2, argv);
	}
	printf("usage: flicketctl %s%s%s\n\n%s.\n%s%s", c->name,
	    c->arguments[0] == '\0' ? "" : " ", c->arguments, c->summary,
	    c->help[0] == '\0' ? "" : "\n", c->help);
	return 0;
}

/* How many letters to add, remove or change to make a word another one. */
static size_t
distance(const char *a, const char *b)
{
	size_t	row[32], cut, before, cost, len = strlen(b);

	if (len >= 32)
		return len;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		before = row[0];
		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			cost = before + (a[i - 1] != b[j - 1]);
			before = row[j];
			cut = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			row[j] = cost < cut ? cost : cut;
		}
	}
	return row[len];
}

/* The command of a name. NULL after a message if there is none. */
static const struct command *
find_command(const char *name)
{
	const struct command	*nearest = &commands[0];

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		if (distance(name, commands[i].name) <
		    distance(name, nearest->name))
			nearest = &commands[i];
	}
	fprintf(stderr, "flicketctl: there is no command \"%s\"; did you mean "
	    "\"%s\"? `flicketctl help` lists them\n", name, nearest->name);
	return NULL;
}

static int
too_many(char **argv, int i)
{
	fprintf(stderr, "flicketctl %s: \"%s\" is not understood; see "
	    "`flicketctl help %s`\n", argv[0], argv[i], argv[0]);
	return 2;
}

/* A command whose one option is to print as documents have it. */
static int
print_table(int argc, char **argv, void (*print)(FILE *, bool))
{
	bool	markdown = argc > 1 && strcmp(argv[1], "--markdown") == 0;

	if (argc > 1 + markdown)
		return too_many(argv, 1 + markdown);
	print(stdout, markdown);
	return 0;
}

static int
settings_main(int argc, char **argv)
{
	return print_table(argc, argv, settings_print);
}

static int
permissions_main(int argc, char **argv)
{
	return print_table(argc, argv, permissions_print);
}

static int
version_main(int argc, char **argv)
{
	if (argc > 1)
		return too_many(argv, 1);
	puts("flicketctl " FLICKET_VERSION);
	return 0;
}

static int
help_main(int argc, char **argv)
{
	const struct command	*c;

	if (argc > 2)
		return too_many(argv, 2);
	if (argc == 1) {
		print_overview(stdout);
		return 0;
	}
	if ((c = find_command(argv[1])) == NULL)
		return 2;
	return explain(c);
}

static bool
asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int
main(int argc, char **argv)
{
	const struct command	*c;
	int			 status;

	if (argc < 2) {
		print_overview(stderr);
		return 2;
	}
	if (asks_for_help(argv[1]))
		argv[1] = "help";
	else if (strcmp(argv[1], "--version") == 0)
		argv[1] = "version";
	if ((c = find_command(argv[1])) == NULL)
		return 2;
	if (argc == 3 && asks_for_help(argv[2]))
		status = explain(c);
	else
		status = c->run(argc - 1, argv + 1);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("flicketctl: standard output");
		return 1;
	}
	return status;
}
