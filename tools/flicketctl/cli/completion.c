/*
 * flicketctl completion: scripts for bash, zsh and fish. They contain the rows
 * of commands.tbl and start no program while a command line is typed. Files and
 * folders are completed by the shell itself.
 */
#include <stdbool.h>
#include <string.h>

#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/shell.h"

static bool
is_path(const struct cli_row *row)
{
	return strcmp(row->type, "FILE") == 0 || strcmp(row->type, "DIR") == 0;
}

/*
 * The next command that is the first of those with its first word and has
 * two; NULL for the first, NULL at the end.
 */
static const struct cli_row *
next_group(const struct cli_row *row)
{
	const struct cli_row	*before = row;
	size_t			 n;

	while ((row = cli_next(row)) != NULL) {
		n = strcspn(row->name, " ");
		if (row->name[n] == ' ' && (before == NULL ||
		    strncmp(before->name, row->name, n + 1) != 0))
			return row;
		before = row;
	}
	return NULL;
}

static void
put_quoted(const char *text)
{
	struct buf	b = { 0 };

	shell_put_quoted(&b, text);
	fwrite(b.base, 1, b.len, stdout);
	buf_done(&b);
}

/* --- bash ------------------------------------------------------------------ */

/* The first words of all commands; those with two are there once. */
static void
put_first_words(const char *end)
{
	const struct cli_row	*row = NULL, *before = NULL;
	size_t			 n;

	while ((row = cli_next(row)) != NULL) {
		n = strcspn(row->name, " ");
		if (before == NULL || strcspn(before->name, " ") != n ||
		    memcmp(before->name, row->name, n) != 0)
			printf("%.*s%s", (int)n, row->name, end);
		before = row;
	}
}

/* The second words of the commands whose first word is that of a row. */
static void
put_second_words(const struct cli_row *first, const char *end)
{
	const struct cli_row	*row = NULL;
	size_t			 n = strcspn(first->name, " ");

	while ((row = cli_next(row)) != NULL)
		if (strncmp(row->name, first->name, n + 1) == 0)
			printf("%s%s", row->name + n + 1, end);
}

/* What the value of an option may be, behind a command or before all. */
static void
put_bash_value(const char *command, const struct cli_row *row)
{
	printf("\t\t'%s':--%s)\n", command, row->name);
	if (cli_has_choice(row))
		printf("\t\t\twords=\"%s\" ;;\n", row->type);
	else if (strcmp(row->type, "DIR") == 0)
		puts("\t\t\tfiles=-d ;;");
	else if (is_path(row))
		puts("\t\t\tfiles=-f ;;");
	else
		puts("\t\t\t;;");
}

static void
put_bash_values(const struct cli_row *command)
{
	const struct cli_row	*row = NULL;

	while ((row = cli_part(command, row, CLI_OPTION)) != NULL)
		if (row->type != NULL)
			put_bash_value(command->name, row);
}

static void
put_bash_words(const struct cli_row *command)
{
	const struct cli_row	*row = NULL;
	bool			 files = false;

	printf("\t\t'%s':*)\n\t\t\twords=\"--help", command->name);
	while ((row = cli_part(command, row, CLI_OPTION)) != NULL)
		printf(" --%s", row->name);
	while ((row = cli_part(command, row, CLI_ARG)) != NULL) {
		if (cli_has_choice(row))
			printf(" %s", row->type);
		else if (strcmp(row->type, "COMMAND") == 0)
			fputs(" $commands", stdout);
		files = files || is_path(row);
	}
	printf("\"\n\t\t\t%s;;\n", files ? "files=-f " : "");
}

/* The options of all commands, each once. */
static void
put_options(bool with_value, const char *end)
{
	const struct cli_row	*row = NULL;

	while ((row = cli_next_option(row)) != NULL)
		if (row->type != NULL || !with_value)
			printf("--%s%s", row->name, end);
}

/* The value of an option in front of the command. */
static void
put_bash_leading(void)
{
	const struct cli_row	*row = NULL;

	puts("\tif [ \"$at\" -gt \"$COMP_CWORD\" ]; then\n"
	    "\t\tcommand='' before=${COMP_WORDS[last]}\n"
	    "\tfi\n"
	    "\tcase $command:$before in");
	while ((row = cli_next_option(row)) != NULL)
		if (row->type != NULL)
			put_bash_value("", row);
	puts("\tesac");
}

static void
print_bash(void)
{
	const struct cli_row	*row = NULL;

	puts("# bash completion for flicketctl; made by: "
	    "flicketctl completion bash\n"
	    "_flicketctl()\n"
	    "{\n"
	    "\tlocal current=$2 before=$3 words='' files='' at=1 last=0");
	fputs("\tlocal commands=\"", stdout);
	put_first_words(" ");
	fputs("--help --version\" options=\"", stdout);
	put_options(false, " ");
	fputs("\"\n\tlocal values=\" ", stdout);
	put_options(true, " ");
	puts("\"\n"
	    "\tCOMPREPLY=()\n"
	    "\t# options in front of the command; readline makes three words of --data=DIR\n"
	    "\twhile [ \"$at\" -lt \"$COMP_CWORD\" ] && [[ ${COMP_WORDS[at]} = --?* ]]; do\n"
	    "\t\tlast=$at\n"
	    "\t\t[[ $values != *\" ${COMP_WORDS[at]} \"* ]] || at=$((at + 1))\n"
	    "\t\t[ \"${COMP_WORDS[last + 1]}\" != = ] || at=$((last + 2))\n"
	    "\t\tat=$((at + 1))\n"
	    "\tdone\n"
	    "\t[ \"$current\" != = ] || current=''\n"
	    "\t[ \"$before\" != = ] || before=${COMP_WORDS[COMP_CWORD - 2]}\n"
	    "\tif [ \"$at\" -eq \"$COMP_CWORD\" ]; then\n"
	    "\t\t[[ $current != -* ]] || commands+=\" $options\"\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$current\")\n"
	    "\t\treturn\n"
	    "\tfi\n"
	    "\tlocal command=${COMP_WORDS[at]}");
	put_bash_leading();
	puts("\tcase $command in");
	while ((row = next_group(row)) != NULL) {
		printf("\t%.*s)\n\t\twords=\"", (int)strcspn(row->name, " "),
		    row->name);
		put_second_words(row, " ");
		puts("--help\"\n\t\t[ \"$COMP_CWORD\" -eq $((at + 1)) ] || "
		    "command+=\" ${COMP_WORDS[at + 1]}\" ;;");
	}
	puts("\tesac\n"
	    "\tif [ -n \"$command\" ] && { [ -z \"$words\" ] || "
	    "[ \"$COMP_CWORD\" -gt $((at + 1)) ]; }; then\n"
	    "\t\twords=''\n"
	    "\t\tcase $command:$before in");
	while ((row = cli_next(row)) != NULL) {
		put_bash_values(row);
		put_bash_words(row);
	}
	puts("\t\tesac\n"
	    "\tfi\n"
	    "\tmapfile -t COMPREPLY < <(\n"
	    "\t\tcompgen -W \"$words\" -- \"$current\"\n"
	    "\t\t[ -z \"$files\" ] || compgen \"$files\" -- \"$current\")\n"
	    "\t[ -z \"$files\" ] || compopt -o filenames\n"
	    "}\n"
	    "complete -F _flicketctl flicketctl");
}

/* --- zsh ------------------------------------------------------------------- */

/*
 * An option or argument in the form of zsh's _arguments:
 * 'name[what]:value:how'.
 */
static void
put_zsh_how(const struct cli_row *row)
{
	if (cli_has_choice(row))
		printf(":(%s)", row->type);
	else if (strcmp(row->type, "DIR") == 0)
		fputs(":_files -/", stdout);
	else if (is_path(row))
		fputs(":_files", stdout);
	else if (strcmp(row->type, "COMMAND") == 0)
		fputs(":($commands)", stdout);
	else
		putchar(':');
}

/* A text where ':' and brackets mean something, within double quotes. */
static void
put_zsh_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr(":[]", *text) != NULL)
			fputs("\\\\", stdout);
		else if (strchr("\"$`\\", *text) != NULL)
			putchar('\\');
		putchar(*text);
	}
}

static void
put_zsh_command(const struct cli_row *command)
{
	const struct cli_row	*row = NULL;

	printf("\t(");
	put_quoted(command->name);
	printf(")\n\t\t_arguments \"--help[this command's help]\"");
	while ((row = cli_part(command, row, CLI_OPTION)) != NULL) {
		printf(" \\\n\t\t    \"--%s%s[", row->name,
		    row->type == NULL ? "" : "=");
		put_zsh_text(row->summary);
		putchar(']');
		if (row->type != NULL) {
			printf(":%s", row->name);
			put_zsh_how(row);
		}
		putchar('"');
	}
	while ((row = cli_part(command, row, CLI_ARG)) != NULL) {
		printf(" \\\n\t\t    \"%s:%s", row->need == CLI_MANY ? "*" : "",
		    row->name);
		put_zsh_how(row);
		putchar('"');
	}
	puts("\n\t\t;;");
}

/* Options in front of the command: their completion, or they are shifted away. */
static void
put_zsh_leading(void)
{
	fputs("\toptions=(--help --version ", stdout);
	put_options(false, " ");
	fputs(")\n\tvalues=(", stdout);
	put_options(true, " ");
	puts(")\n"
	    "\t# options in front of the command\n"
	    "\twhile (( at < CURRENT )) && [[ $words[at] == --?* ]]; do\n"
	    "\t\t(( at += ${values[(Ie)$words[at]]} ? 2 : 1 ))\n"
	    "\tdone\n"
	    "\tif (( at > CURRENT )); then\n"
	    "\t\t_files\n"
	    "\t\treturn\n"
	    "\tfi\n"
	    "\tif (( at == CURRENT )); then\n"
	    "\t\tif [[ $words[at] == -* ]]; then\n"
	    "\t\t\tcompadd -a options\n"
	    "\t\telse\n"
	    "\t\t\t_describe command commands\n"
	    "\t\tfi\n"
	    "\t\treturn\n"
	    "\tfi\n"
	    "\tshift $(( at - 2 )) words\n"
	    "\t(( CURRENT -= at - 2 ))");
}

static void
print_zsh(void)
{
	const struct cli_row	*row = NULL;

	puts("#compdef flicketctl\n"
	    "# zsh completion for flicketctl; made by: "
	    "flicketctl completion zsh\n"
	    "_flicketctl() {\n"
	    "\tlocal command at=2 skip=1\n"
	    "\tlocal -a commands options values second\n"
	    "\tcommands=(");
	put_first_words("\n");
	puts("\t)");
	put_zsh_leading();
	puts("\tcommand=$words[2]\n"
	    "\tcase $command in");
	while ((row = next_group(row)) != NULL) {
		printf("\t(%.*s) second=(", (int)strcspn(row->name, " "),
		    row->name);
		put_second_words(row, " ");
		puts(") ;;");
	}
	puts("\tesac\n"
	    "\tif (( $#second )); then\n"
	    "\t\tif (( CURRENT == 3 )); then\n"
	    "\t\t\t_describe command second\n"
	    "\t\t\treturn\n"
	    "\t\tfi\n"
	    "\t\tcommand+=\" $words[3]\"\n"
	    "\t\tskip=2\n"
	    "\tfi\n"
	    "\tshift $skip words\n"
	    "\t(( CURRENT -= skip ))\n"
	    "\tcase $command in");
	while ((row = cli_next(row)) != NULL)
		put_zsh_command(row);
	puts("\tesac\n"
	    "}\n"
	    "if [ \"$funcstack[1]\" = _flicketctl ]; then\n"
	    "\t_flicketctl \"$@\"\n"
	    "else\n"
	    "\tcompdef _flicketctl flicketctl\n"
	    "fi");
}

/* --- fish ------------------------------------------------------------------ */

/* The condition under which a line of a command counts. */
static void
put_fish_begin(const struct cli_row *command)
{
	size_t	n = strcspn(command->name, " ");

	printf("complete -c flicketctl -n '__fish_seen_subcommand_from %.*s",
	    (int)n, command->name);
	if (command->name[n] == ' ')
		printf("; and __fish_seen_subcommand_from %s",
		    command->name + n + 1);
	putchar('\'');
}

static void
put_fish_how(const struct cli_row *row)
{
	if (row->type == NULL)
		return;
	fputs(" -r", stdout);
	if (cli_has_choice(row))
		printf(" -f -a '%s'", row->type);
	else if (strcmp(row->type, "DIR") == 0)
		fputs(" -f -a '(__fish_complete_directories)'", stdout);
	else
		fputs(is_path(row) ? " -F" : " -f", stdout);
}

static void
put_fish_command(const struct cli_row *command)
{
	const struct cli_row	*row = NULL;
	const char		*second = strchr(command->name, ' ');

	printf("complete -c flicketctl -n '");
	if (second == NULL)
		printf("_flicketctl_no_command' -a %s", command->name);
	else
		printf("__fish_seen_subcommand_from %.*s; and not "
		    "__fish_seen_subcommand_from $_flicketctl_seconds' -a %s",
		    (int)(second - command->name), command->name, second + 1);
	fputs(" -d ", stdout);
	put_quoted(command->summary);
	putchar('\n');
	while ((row = cli_part(command, row, CLI_OPTION)) != NULL) {
		put_fish_begin(command);
		printf(" -l %s", row->name);
		put_fish_how(row);
		fputs(" -d ", stdout);
		put_quoted(row->summary);
		putchar('\n');
	}
	while ((row = cli_part(command, row, CLI_ARG)) != NULL) {
		if (!is_path(row) && !cli_has_choice(row))
			continue;
		put_fish_begin(command);
		if (is_path(row))
			puts(" -F");
		else
			printf(" -a '%s'\n", row->type);
	}
}

/* Options in front of the command. */
static void
put_fish_leading(void)
{
	const struct cli_row	*row = NULL;

	while ((row = cli_next_option(row)) != NULL) {
		printf("complete -c flicketctl -n _flicketctl_no_command -l %s",
		    row->name);
		put_fish_how(row);
		fputs(" -d ", stdout);
		put_quoted(row->summary);
		putchar('\n');
	}
}

static void
print_fish(void)
{
	const struct cli_row	*row = NULL;

	fputs("# fish completion for flicketctl; made by: "
	    "flicketctl completion fish\n"
	    "# whether only options are there, in front of the command\n"
	    "function _flicketctl_no_command\n"
	    "\tset -l values ", stdout);
	put_options(true, " ");
	puts("\n"
	    "\tset -l words (commandline -opc)\n"
	    "\tset -e words[1]\n"
	    "\twhile set -q words[1]; and string match -q -- '--?*' $words[1]\n"
	    "\t\tcontains -- $words[1] $values; and set -e words[1]\n"
	    "\t\tset -e words[1]\n"
	    "\tend\n"
	    "\tnot set -q words[1]\n"
	    "end\n"
	    "complete -c flicketctl -f\n"
	    "complete -c flicketctl -l help -s h -d 'explain it'\n"
	    "complete -c flicketctl -n _flicketctl_no_command -l version "
	    "-d 'print the version'");
	put_fish_leading();
	fputs("set -g _flicketctl_seconds", stdout);
	while ((row = cli_next(row)) != NULL)
		if (strchr(row->name, ' ') != NULL)
			printf(" %s", strchr(row->name, ' ') + 1);
	putchar('\n');
	while ((row = next_group(row)) != NULL)
		printf("complete -c flicketctl -n _flicketctl_no_command "
		    "-a %.*s\n", (int)strcspn(row->name, " "), row->name);
	while ((row = cli_next(row)) != NULL)
		put_fish_command(row);
}

int
completion_run(const struct cli *c)
{
	static const struct {
		const char	*shell;
		void		(*print)(void);
	} shells[] = {
		{ "bash", print_bash },
		{ "zsh", print_zsh },
		{ "fish", print_fish },
	};

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(shells[i].shell, cli_arg(c, 0, "")) == 0)
			shells[i].print();
	return STATUS_OK;
}
