/* Commands, their options and arguments. */
#include "tools/flicketctl/cli/cli.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/near.h"
#include "base/number.h"
#include "base/visible.h"
#include "tools/flicketctl/cli/term.h"

static const struct cli_row	*rows;
static const struct cli_row	*running;	/* the command; NULL: none yet */

/*
 * The meaning of exit statuses, unless a command's own rows say otherwise.
 * Those after COMMON_EXITS hold only for commands that have a row for them.
 */
static const char *const exits[] = {
	[STATUS_OK] = "done",
	[STATUS_FAILED] = "failed, and a message says why",
	[STATUS_USAGE] = "wrong usage, or a setting that does not fit",
	[STATUS_NOTHING] = "nothing there to work on, or it cannot be read",
};
#define COMMON_EXITS	(STATUS_USAGE + 1)
#define EXITS		((int)(sizeof(exits) / sizeof(exits[0])))

#define HELP_OPTION	"help"
#define DATA_OPTION	"data"

void
cli_init(const struct cli_row *all)
{
	rows = all;
}

const struct cli_row *
cli_next(const struct cli_row *row)
{
	row = row == NULL ? rows : row + 1;
	while (row->kind != CLI_COMMAND && row->kind != CLI_END)
		row++;
	return row->kind == CLI_END ? NULL : row;
}

const struct cli_row *
cli_part(const struct cli_row *command, const struct cli_row *after,
    enum cli_kind kind)
{
	const struct cli_row	*row = after == NULL ? command : after;

	for (row++; row->kind != CLI_COMMAND && row->kind != CLI_END; row++)
		if (row->kind == kind ||
		    (kind == CLI_OPTION && cli_is_option(row)))
			return row;
	return NULL;
}

/* The first row of an option, whichever command has it. */
static const struct cli_row *
first_option(const char *name)
{
	const struct cli_row	*row = rows;

	while (!cli_is_option(row) || strcmp(row->name, name) != 0)
		row++;
	return row;
}

const struct cli_row *
cli_next_option(const struct cli_row *row)
{
	for (row = row == NULL ? rows : row + 1; row->kind != CLI_END; row++)
		if (cli_is_option(row) && first_option(row->name) == row)
			return row;
	return NULL;
}

bool
cli_is_option(const struct cli_row *row)
{
	return row->kind == CLI_FLAG || row->kind == CLI_VALUE ||
	    row->kind == CLI_NUMBER;
}

/* How many words a command's name has if the given ones begin with it. */
static int
words_of(const char *name, int argc, char **argv)
{
	size_t	len;
	int	i;

	for (i = 0; i < argc; i++) {
		len = strlen(argv[i]);
		if (len == 0 || strncmp(name, argv[i], len) != 0 ||
		    (name[len] != ' ' && name[len] != '\0'))
			return 0;
		if (name[len] == '\0')
			return i + 1;
		name += len + 1;
	}
	return 0;
}

const struct cli_row *
cli_find(int argc, char **argv, int *ret_words)
{
	const struct cli_row	*row = NULL, *found = NULL;
	int			 words;

	*ret_words = 0;
	while ((row = cli_next(row)) != NULL) {
		words = words_of(row->name, argc, argv);
		if (words > *ret_words) {
			*ret_words = words;
			found = row;
		}
	}
	return found;
}

bool
cli_is_group(const char *word)
{
	const struct cli_row	*row = NULL;
	size_t			 len = strlen(word);

	while ((row = cli_next(row)) != NULL)
		if (len > 0 && strncmp(row->name, word, len) == 0 &&
		    row->name[len] == ' ')
			return true;
	return false;
}

const struct cli_row *
cli_nearest(const char *word)
{
	const struct cli_row	*row = NULL, *nearest = NULL;
	size_t			 steps, fewest = SIZE_MAX;

	while ((row = cli_next(row)) != NULL)
		if (near_to(word, row->name, &steps) && steps < fewest) {
			nearest = row;
			fewest = steps;
		}
	return nearest;
}

static void	put_usage(FILE *, const struct cli_row *);

bool
cli_fail_with(const char *format, va_list ap)
{
	fputs("flicketctl", stderr);
	if (running != NULL)
		fprintf(stderr, " %s", running->name);
	fputs(": ", stderr);
	visible_vprintf(stderr, format, ap);
	fputc('\n', stderr);
	return false;
}

bool
cli_fail(const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	cli_fail_with(format, ap);
	va_end(ap);
	return false;
}

int
cli_usage(const struct cli_row *command, const char *format, ...)
{
	va_list	ap;

	fprintf(stderr, "flicketctl %s: ", command->name);
	va_start(ap, format);
	visible_vprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	put_usage(stderr, command);
	fprintf(stderr, "\n`flicketctl help %s` says more.\n", command->name);
	return STATUS_USAGE;
}

/* --- what was given -------------------------------------------------------- */

/* Whether a word is one of those in a list with blanks between. */
static bool
is_one_of(const char *word, const char *list)
{
	size_t	len = strlen(word), n;

	for (; *list != '\0'; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		if (n == len && memcmp(word, list, n) == 0)
			return true;
	}
	return false;
}

bool
cli_has_choice(const struct cli_row *row)
{
	return row->type != NULL && islower((unsigned char)row->type[0]);
}

/* -1 if a value fits its row, else STATUS_USAGE after a message. */
static int
check_value(const struct cli *c, const struct cli_row *row, const char *value)
{
	const char	*dashes = cli_is_option(row) ? "--" : "";
	int64_t		 n;

	if (value[0] == '\0')
		return cli_usage(c->command, "%s%s is empty", dashes,
		    row->name);
	if (cli_has_choice(row) && !is_one_of(value, row->type))
		return cli_usage(c->command, "%s%s: \"%s\" is not one of: %s",
		    dashes, row->name, value, row->type);
	if (row->kind != CLI_NUMBER)
		return -1;
	if (!number_read((struct text){ value, strlen(value) }, row->least,
	    row->most, &n))
		return cli_usage(c->command, "--%s: \"%s\" is not a whole "
		    "number from %lld to %lld", row->name, value,
		    (long long)row->least, (long long)row->most);
	return -1;
}

/* The rows of a command that are options, for getopt_long(). */
static void
list_options(const struct cli_row *command, struct option *ret)
{
	const struct cli_row	*row = NULL;

	while ((row = cli_part(command, row, CLI_OPTION)) != NULL) {
		CHECK(row - command < CLI_ROWS_MOST);
		*ret++ = (struct option){ row->name, row->kind == CLI_FLAG ?
		    no_argument : required_argument, NULL,
		    CLI_FIRST_OPTION + (int)(row - command) };
	}
	*ret++ = (struct option){ HELP_OPTION, no_argument, NULL, 'h' };
	*ret = (struct option){ 0 };
}

static int
read_options(struct cli *c, int argc, char **argv)
{
	struct option	options[CLI_ROWS_MOST + 2];
	int		option, row, status;

	list_options(c->command, options);
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h') {
			cli_explain(stdout, c->command);
			return STATUS_OK;
		}
		if (option == ':')
			return cli_usage(c->command, "a value is missing: %s",
			    argv[optind - 1]);
		if (option < CLI_FIRST_OPTION)
			return cli_usage(c->command, "no such option: %s",
			    argv[optind - 1]);
		row = option - CLI_FIRST_OPTION;
		c->value[row] = optarg == NULL ? "" : optarg;
		if (optarg == NULL)
			continue;
		status = check_value(c, &c->command[row], optarg);
		if (status != -1)
			return status;
		if (c->given_count == CLI_GIVEN_MOST)
			return cli_usage(c->command, "more than %d options",
			    CLI_GIVEN_MOST);
		c->given[c->given_count].row = row;
		c->given[c->given_count++].value = optarg;
	}
	return -1;
}

/*
 * Read the words that are not options: there must be as many as ARG rows, and
 * each must fit its row.
 */
static int
read_args(struct cli *c, int argc, char **argv)
{
	const struct cli_row	*row = cli_part(c->command, NULL, CLI_ARG);
	int			 status;

	for (int i = optind; i < argc; i++) {
		if (row == NULL || c->count == CLI_ARGS_MOST)
			return cli_usage(c->command,
			    "\"%s\" is not understood", argv[i]);
		status = check_value(c, row, argv[i]);
		if (status != -1)
			return status;
		c->args[c->count++] = argv[i];
		if (row->need != CLI_MANY)
			row = cli_part(c->command, row, CLI_ARG);
	}
	if (row != NULL && row->need == CLI_ONE)
		return cli_usage(c->command, "%s is missing: %s", row->name,
		    row->summary);
	return -1;
}

int
cli_read(struct cli *ret, const struct cli_row *command, int argc,
    char **argv)
{
	const struct cli_row	*row = NULL;
	int			 status;

	running = command;
	*ret = (struct cli){ .command = command };
	status = read_options(ret, argc, argv);
	if (status == -1)
		status = read_args(ret, argc, argv);
	while ((row = cli_part(command, row, CLI_VALUE)) != NULL)
		if (status == -1 && strcmp(row->name, DATA_OPTION) == 0 &&
		    ret->value[row - command] != NULL)
			setenv("FLICKET_DATA", ret->value[row - command], 1);
	return status;
}

static const char *
given(const struct cli *c, const char *option)
{
	const struct cli_row	*row = NULL;

	while ((row = cli_part(c->command, row, CLI_OPTION)) != NULL)
		if (strcmp(row->name, option) == 0)
			return c->value[row - c->command];
	return NULL;
}

bool
cli_has(const struct cli *c, const char *option)
{
	return given(c, option) != NULL;
}

const char *
cli_value(const struct cli *c, const char *option)
{
	return given(c, option);
}

const char *
cli_each(const struct cli *c, const char *option, int n)
{
	for (int i = 0; i < c->given_count; i++)
		if (strcmp(c->command[c->given[i].row].name, option) == 0 &&
		    n-- == 0)
			return c->given[i].value;
	return NULL;
}

int64_t
cli_number(const struct cli *c, const char *option, int64_t dflt)
{
	const char	*value = given(c, option);
	int64_t		 n = dflt;

	/* check_value() made sure that it is a number */
	if (value != NULL)
		(void)number_read((struct text){ value, strlen(value) },
		    INT64_MIN, INT64_MAX, &n);
	return n;
}

const char *
cli_arg(const struct cli *c, int place, const char *dflt)
{
	return place < c->count ? c->args[place] : dflt;
}

/* --- help ------------------------------------------------------------------ */

/* The name of a value in help texts: "DIR", "bash|zsh|fish". */
static void
put_type(struct buf *b, const struct cli_row *row)
{
	for (const char *p = row->type; *p != '\0'; p++)
		buf_put_byte(b, *p == ' ' ? '|' : *p);
}

void
cli_put_option(struct buf *b, const struct cli_row *row)
{
	buf_printf(b, "--%s", row->name);
	if (row->type != NULL) {
		buf_put_byte(b, ' ');
		put_type(b, row);
	}
}

static void
put_unit(struct buf *b, const struct cli_row *row)
{
	if (!cli_is_option(row)) {
		buf_printf(b, row->need == CLI_ONE ? "%s" :
		    row->need == CLI_MAYBE ? "[%s]" : "[%s...]", row->name);
		return;
	}
	buf_put_byte(b, '[');
	cli_put_option(b, row);
	buf_put_byte(b, ']');
}

#define SYNOPSIS_INDENT	4
#define TEXT_WIDTH_MOST	118	/* longer lines are hard to read */

static int
text_width(FILE *f)
{
	int	width = term_width(f) - 2;

	return width < TEXT_WIDTH_MOST ? width : TEXT_WIDTH_MOST;
}

/* Options, then arguments. */
static const struct cli_row *
next_unit(const struct cli_row *command, const struct cli_row *row)
{
	if (row == NULL || cli_is_option(row)) {
		row = cli_part(command, row, CLI_OPTION);
		return row != NULL ? row : cli_part(command, NULL, CLI_ARG);
	}
	return cli_part(command, row, CLI_ARG);
}

void
cli_put_synopsis(FILE *f, const struct cli_row *command, int column)
{
	const struct cli_row	*row = NULL;
	struct buf		 unit = { 0 };
	int			 at = column;

	while ((row = next_unit(command, row)) != NULL) {
		unit.len = 0;
		put_unit(&unit, row);
		if (column != 0 && at + 1 + (int)unit.len > text_width(f)) {
			fprintf(f, "\n%*s", SYNOPSIS_INDENT - 1, "");
			at = SYNOPSIS_INDENT - 1;
		}
		fprintf(f, " %.*s", (int)unit.len, unit.base);
		at += 1 + (int)unit.len;
	}
	buf_done(&unit);
}

static void
put_usage(FILE *f, const struct cli_row *command)
{
	cli_put_synopsis(f, command, fprintf(f, "usage: flicketctl %s",
	    command->name));
}

/* Print a text in lines that begin at a column, where the cursor is already. */
static void
put_filled(FILE *f, const char *text, int column)
{
	int	at = column;
	size_t	n;

	for (; *text != '\0'; text += n + (text[n] == ' ')) {
		n = strcspn(text, " ");
		if (at + (int)n > text_width(f) && at > column) {
			fprintf(f, "\n%*s", column, "");
			at = column;
		}
		fprintf(f, "%s%.*s", at > column ? " " : "", (int)n, text);
		at += (int)n + (at > column);
	}
	putc('\n', f);
}

/* The end of a paragraph: an empty line, a line that is indented, or the end. */
static size_t
paragraph_len(const char *text)
{
	size_t	len = strcspn(text, "\n");

	while (text[len] == '\n' && text[len + 1] != '\0' &&
	    text[len + 1] != '\n' && text[len + 1] != ' ' && text[0] != ' ')
		len += 1 + strcspn(text + len + 1, "\n");
	return len;
}

/* A help text in lines as long as the terminal's; indented lines stay lines. */
static void
put_help(FILE *f, const char *text)
{
	char	paragraph[4096];
	size_t	len;

	for (; *text != '\0'; text += len + (text[len] == '\n')) {
		len = paragraph_len(text);
		if (text[0] == ' ' || len == 0 || len >= sizeof(paragraph)) {
			fprintf(f, "%.*s\n", (int)len, text);
			continue;
		}
		memcpy(paragraph, text, len);
		paragraph[len] = '\0';
		for (char *p = paragraph; *p != '\0'; p++)
			if (*p == '\n')
				*p = ' ';
		put_filled(f, paragraph, 0);
	}
}

static void
put_row(FILE *f, const char *left, const char *text, int column)
{
	fprintf(f, "  %-*s", column - 2, left);
	if ((int)strlen(left) > column - 4)
		fprintf(f, "\n%*s", column, "");
	put_filled(f, text, column);
}

static void
put_options(FILE *f, const struct cli_row *command)
{
	const struct cli_row	*row = NULL;
	struct buf		 left = { 0 };
	char			 bounds[512];

	putc('\n', f);
	while ((row = cli_part(command, row, CLI_ARG)) != NULL)
		put_row(f, row->name, row->summary, 20);
	while ((row = cli_part(command, row, CLI_OPTION)) != NULL) {
		left.len = 0;
		cli_put_option(&left, row);
		buf_put_byte(&left, '\0');
		snprintf(bounds, sizeof(bounds), "%s", row->summary);
		if (row->kind == CLI_NUMBER)
			snprintf(bounds, sizeof(bounds), "%s (%lld to %lld)",
			    row->summary, (long long)row->least,
			    (long long)row->most);
		put_row(f, left.base, bounds, 20);
	}
	buf_done(&left);
	put_row(f, "--help", "this text", 20);
}

const char *
cli_exit(const struct cli_row *command, int status)
{
	const struct cli_row	*row = NULL;

	while ((row = cli_part(command, row, CLI_EXIT)) != NULL)
		if (row->least == status)
			return row->summary;
	return status < COMMON_EXITS ? exits[status] : NULL;
}

static bool
is_in_group(const struct cli_row *command, const char *group)
{
	size_t	len = group == NULL ? 0 : strlen(group);

	return len == 0 || (strncmp(command->name, group, len) == 0 &&
	    command->name[len] == ' ');
}

bool
cli_exit_of_all(struct buf *ret, const char *group, int status)
{
	const struct cli_row	*row = NULL;

	ret->len = 0;
	if (status < COMMON_EXITS)
		buf_put_text(ret, exits[status]);
	while (status >= COMMON_EXITS && (row = cli_next(row)) != NULL) {
		if (!is_in_group(row, group) || cli_exit(row, status) == NULL)
			continue;
		CHECK(status < EXITS);
		buf_printf(ret, "%s%s%s", ret->len == 0 ? exits[status] : "",
		    ret->len == 0 ? ": " : ", ", row->name);
	}
	buf_put_byte(ret, '\0');
	return ret->len > 1;
}

static void
put_exit_help(FILE *f, const struct cli_row *command)
{
	char	left[16];

	fputs("\nExit status:\n", f);
	for (int i = 0; i <= CLI_EXIT_MOST; i++) {
		snprintf(left, sizeof(left), "%d", i);
		if (cli_exit(command, i) != NULL)
			put_row(f, left, cli_exit(command, i), 6);
	}
}

void
cli_explain(FILE *f, const struct cli_row *command)
{
	const struct cli_row	*row = NULL;
	struct buf		 summary = { 0 };

	put_usage(f, command);
	fputs("\n\n", f);
	buf_printf(&summary, "%c%s.%c",
	    toupper((unsigned char)command->summary[0]), command->summary + 1,
	    '\0');
	put_filled(f, summary.base, 0);
	buf_done(&summary);
	if (command->help[0] != '\0') {
		putc('\n', f);
		put_help(f, command->help);
	}
	put_options(f, command);
	if (cli_part(command, NULL, CLI_EXAMPLE) != NULL)
		fputs("\nExamples:\n", f);
	while ((row = cli_part(command, row, CLI_EXAMPLE)) != NULL)
		fprintf(f, "  %s\n      %s\n", row->name, row->summary);
	put_exit_help(f, command);
}

static void
put_kinds(FILE *f)
{
	const struct cli_row	*row;
	const char		*word;
	char			 first[32];
	size_t			 n;

	for (const struct cli_row *k = rows; k->kind == CLI_GROUP; k++) {
		fprintf(f, "%s%s:\n", k == rows ? "" : "\n", k->name);
		for (word = k->type; *word != '\0'; word += n +
		    (word[n] == ' ')) {
			n = strcspn(word, " ");
			snprintf(first, sizeof(first), "%.*s", (int)n, word);
			for (row = NULL; (row = cli_next(row)) != NULL;)
				if (strcmp(row->name, first) == 0 ||
				    is_in_group(row, first))
					put_row(f, row->name, row->summary,
					    22);
		}
	}
}

static void
put_shared_options(FILE *f)
{
	fputs("\nOptions, in front of the command or behind it:\n", f);
#define OPTION(left, text)	put_row(f, left, text, 22);
	CLI_SHARED_OPTIONS(OPTION)
#undef OPTION
}

void
cli_overview(FILE *f, const char *group)
{
	const struct cli_row	*row = NULL;
	struct buf		 exit = { 0 };
	char			 left[16];

	fprintf(f, "usage: flicketctl %s%sCOMMAND [ARGUMENTS]\n\n",
	    group == NULL ? "[OPTIONS] " : group, group == NULL ? "" : " ");
	if (group == NULL)
		put_kinds(f);
	while (group != NULL && (row = cli_next(row)) != NULL)
		if (is_in_group(row, group))
			put_row(f, row->name, row->summary, 22);
	if (group == NULL)
		put_shared_options(f);
	fputs("\nExit status, which a command may say more of:\n", f);
	for (int i = 0; i <= CLI_EXIT_MOST; i++) {
		snprintf(left, sizeof(left), "%d", i);
		if (cli_exit_of_all(&exit, group, i))
			put_row(f, left, exit.base, 6);
	}
	buf_done(&exit);
	fputs("\n`flicketctl help COMMAND` explains one, with examples.\n", f);
}
