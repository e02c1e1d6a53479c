/*
 * The command line: the rows of commands.tbl, help made of them, and the
 * options and arguments that were given.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_NOTHING = 3	/* to work on; commands with it have a row */
};

#define CLI_ROWS_MOST	32	/* of one command */
#define CLI_ARGS_MOST	16
#define CLI_GIVEN_MOST	32	/* values of options */
#define CLI_EXIT_MOST	9	/* the highest exit status */
#define CLI_FIRST_OPTION 256	/* above any letter */

struct cli;
typedef int cli_run(const struct cli *);

/* Every command's function; each returns the exit status. */
#define COMMAND(name, run, summary, help)	cli_run run;
#define ARG(name, type, need, summary)
#define FLAG(name, summary)
#define VALUE(name, type, summary)
#define NUMBER(name, type, least, most, summary)
#define EXAMPLE(line, summary)
#define EXIT(status, summary)
#define GROUP(title, commands)
#include "tools/flicketctl/cli/commands.tbl"
#undef COMMAND
#undef ARG
#undef FLAG
#undef VALUE
#undef NUMBER
#undef EXAMPLE
#undef EXIT
#undef GROUP

enum cli_kind {
	CLI_GROUP,	/* of commands, in the overview */
	CLI_COMMAND, CLI_ARG, CLI_FLAG, CLI_VALUE, CLI_NUMBER, CLI_EXAMPLE,
	CLI_EXIT, CLI_END,
	CLI_OPTION	/* FLAG, VALUE or NUMBER */
};

enum cli_need { CLI_ONE, CLI_MAYBE, CLI_MANY };

/* A row of commands.tbl. */
struct cli_row {
	enum cli_kind	 kind;
	const char	*name;		/* of COMMAND, ARG, options; EXAMPLE's
					 * command line */
	cli_run		*run;
	const char	*type;		/* "FILE", "DIR"..., or words */
	enum cli_need	 need;
	int64_t		 least;		/* of NUMBER; EXIT's status */
	int64_t		 most;
	const char	*summary;	/* of COMMAND; what the others are */
	const char	*help;
};

/* A command line that was read. */
struct cli {
	const struct cli_row	*command;
	const char		*value[CLI_ROWS_MOST];	/* by row, or NULL */
	struct {
		int		 row;
		const char	*value;
	} given[CLI_GIVEN_MOST];	/* every value, in its order */
	int			 given_count;
	const char		*args[CLI_ARGS_MOST];
	int			 count;			/* of args */
};

/* The rows of commands.tbl; CLI_END ends them. Before anything else. */
void	cli_init(const struct cli_row *);

/* The command after this one (NULL: the first), or NULL. */
const struct cli_row	*cli_next(const struct cli_row *);

/*
 * The option after this one (NULL: the first) among all commands, each name
 * once; or NULL. Its row is that of the first command that has it.
 */
const struct cli_row	*cli_next_option(const struct cli_row *);

/*
 * The row of a kind that belongs to a command and follows another one (NULL:
 * the first), or NULL.
 */
const struct cli_row	*cli_part(const struct cli_row *command,
			    const struct cli_row *after, enum cli_kind);

/*
 * The command whose name the words begin with, the longest one; NULL if no name
 * fits. *ret_words: how many words the name has.
 */
const struct cli_row	*cli_find(int argc, char **argv, int *ret_words);

/* The command whose name is nearest to a word; NULL if none is near. */
const struct cli_row	*cli_nearest(const char *);

/* Whether there are commands whose name has this first word, and another. */
bool	cli_is_group(const char *word);

/*
 * Read the words after the command's name, and set FLICKET_DATA if --data is
 * given. Returns -1 to run the command; else the exit status, after help or a
 * message.
 */
int	cli_read(struct cli *ret, const struct cli_row *, int argc,
	    char **argv);

/* Whether an option of the command was given; its value, NULL if not. */
bool		 cli_has(const struct cli *, const char *option);
const char	*cli_value(const struct cli *, const char *option);
/* The n-th value, from 0 on, of an option that was given several times. */
const char	*cli_each(const struct cli *, const char *option, int n);
int64_t		 cli_number(const struct cli *, const char *option,
		    int64_t dflt);

/* The argument of a place, or dflt. */
const char	*cli_arg(const struct cli *, int place, const char *dflt);

/*
 * Print why the command fails on standard error, as "flicketctl NAME: ...".
 * Returns false.
 */
bool	cli_fail(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));
bool	cli_fail_with(const char *format, va_list)
	    __attribute__((format(printf, 1, 0)));

/* Print a message and where to find help. Returns STATUS_USAGE. */
int	cli_usage(const struct cli_row *, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * "[--json] NAME", appended to a line that is at a column, and continued on
 * others where it gets too long; column 0: one line.
 */
void	cli_put_synopsis(FILE *, const struct cli_row *, int column);

void	cli_explain(FILE *, const struct cli_row *);
void	cli_overview(FILE *, const char *group);	/* NULL: all */

/* The options that commands share, and where all options may be. */
#define CLI_SHARED_OPTIONS(OPTION) \
	OPTION("--data DIR", "the desk's data folder, in the place of " \
	    "FLICKET_DATA") \
	OPTION("--json", "print JSON, where output is data") \
	OPTION("--help", "explain flicketctl, or the command") \
	OPTION("--version", "print the version; without a command")
#define CLI_OPTIONS_TEXT \
	"All options of a command may be in front of it or behind it."

/* The meaning of a command's exit status; NULL if it does not have it. */
const char	*cli_exit(const struct cli_row *, int status);

/*
 * The meaning of an exit status for all commands of a group (NULL: all
 * commands), with the names of those that have it unless all do. False: none
 * has it.
 */
bool	cli_exit_of_all(struct buf *ret, const char *group, int status);

/* Whether a row is an option; whether its value is one of some words. */
bool	cli_is_option(const struct cli_row *);
bool	cli_has_choice(const struct cli_row *);

/* "--data DIR" */
void	cli_put_option(struct buf *, const struct cli_row *);

#endif
