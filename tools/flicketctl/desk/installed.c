/* The file is read as a whole; its lines become variables of the environment. */
#include "tools/flicketctl/desk/installed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/flicketctl/cli/cli.h"

#define FILE_MOST	65536	/* bytes */
#define LINES_MOST	256
#define BLANKS		" \t\r"

static struct {
	char	 text[FILE_MOST + 1];
	struct {
		char	*name;
		char	*value;
	} lines[LINES_MOST];
	size_t	 count;
} file;

bool
installed_path(const char *program, char *ret, size_t size)
{
	static const char	 bin[] = "/bin/", usr[] = "/usr";
	const char		*slash = strrchr(program, '/');
	size_t			 len;
	int			 written;

	if (slash == NULL || slash - program < (ptrdiff_t)sizeof(bin) - 2)
		return false;
	len = (size_t)(slash - program) + 1 - (sizeof(bin) - 1);
	if (memcmp(program + len, bin, sizeof(bin) - 1) != 0)
		return false;
	if (len >= sizeof(usr) - 1 && memcmp(program + len - (sizeof(usr) - 1),
	    usr, sizeof(usr) - 1) == 0)
		len -= sizeof(usr) - 1;
	written = snprintf(ret, size, "%.*s/etc/flicketd/flicketd.env",
	    (int)len, program);
	return written > 0 && (size_t)written < size;
}

/* --- lines ---------------------------------------------------------------- */

static bool
is_name(const char *name)
{
	if (name[0] == '\0' || strchr("0123456789", name[0]) != NULL)
		return false;
	return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* Whether a backslash before a character in quotes (0: in none) is removed. */
static bool
is_escaped(char quote, char next)
{
	if (quote == '\0')
		return true;
	return quote == '"' && strchr("\"\\$`", next) != NULL;
}

/* Remove quotes and backslashes; false if one is open at the end. */
static bool
unquote(char *value)
{
	char	*to = value, quote = '\0';

	for (const char *at = value; *at != '\0'; at++) {
		if (*at == '\\' && at[1] == '\0' && quote != '\'')
			return false;
		if (*at == '\\' && is_escaped(quote, at[1]))
			*to++ = *++at;
		else if (quote != '\0' && *at == quote)
			quote = '\0';
		else if (quote == '\0' && (*at == '"' || *at == '\''))
			quote = *at;
		else
			*to++ = *at;
	}
	*to = '\0';
	return quote == '\0';
}

bool
installed_read_line(char *line, char **ret_name, char **ret_value)
{
	char	*value;
	size_t	 len;

	*ret_name = *ret_value = NULL;
	line += strspn(line, BLANKS);
	len = strlen(line);
	while (len > 0 && strchr(BLANKS, line[len - 1]) != NULL)
		line[--len] = '\0';
	if (len == 0 || line[0] == '#' || line[0] == ';')
		return true;
	value = strchr(line, '=');
	if (value == NULL)
		return false;
	*value++ = '\0';
	value += strspn(value, BLANKS);
	*ret_name = line;
	*ret_value = value;
	return is_name(line) && unquote(value);
}

/* --- the file ------------------------------------------------------------- */

/* False after a message. */
static bool
read_lines(const char *path)
{
	char	*rest = file.text, *line, *name, *value;

	file.count = 0;
	for (int number = 1; (line = strsep(&rest, "\n")) != NULL; number++) {
		if (!installed_read_line(line, &name, &value) ||
		    file.count == LINES_MOST)
			return cli_fail("%s: line %d is not NAME=VALUE, a "
			    "comment or empty, on one line", path, number);
		if (name == NULL)
			continue;
		file.lines[file.count].name = name;
		file.lines[file.count++].value = value;
	}
	return true;
}

/* The bytes that were read, or -1 with errno. */
static ssize_t
read_text(const char *path)
{
	int	fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t	n, len = 0;

	if (fd == -1)
		return -1;
	while ((n = read(fd, file.text + len, FILE_MOST - (size_t)len)) > 0)
		len += n;
	close(fd);
	file.text[len] = '\0';
	return n == -1 ? -1 : len;
}

static const char *
find_value(const char *name)
{
	const char	*value = NULL;

	for (size_t i = 0; i < file.count; i++)	/* the last one counts */
		if (strcmp(file.lines[i].name, name) == 0)
			value = file.lines[i].value;
	return value;
}

static bool
is_given(const char *name)
{
	const char	*value = getenv(name);

	return value != NULL && value[0] != '\0';
}

bool
installed_find(void)
{
	const char	*given = getenv("FLICKET_DATA"), *data;
	char		 program[PATH_MAX] = "", path[PATH_MAX];
	bool		 is_data_given = given != NULL && given[0] != '\0';

	file.count = 0;
	if (readlink("/proc/self/exe", program, sizeof(program) - 1) == -1 ||
	    !installed_path(program, path, sizeof(path)))
		return true;
	if (read_text(path) == -1) {
		if (errno == ENOENT || is_data_given)
			return true;
		return cli_fail("%s: %s; run it as root (sudo), or say where "
		    "the desk is: --data DIR", path, strerror(errno));
	}
	if (!read_lines(path))
		return false;
	data = find_value("FLICKET_DATA");
	if (is_data_given && (data == NULL || strcmp(data, given) != 0))
		file.count = 0;
	else if (data != NULL)
		(void)setenv("FLICKET_DATA", data, 1);
	return true;
}

void
installed_adopt(void)
{
	const char	*name;

	for (size_t i = 0; i < file.count; i++) {
		name = file.lines[i].name;
		if (strncmp(name, "FLICKET_", 8) == 0 && !is_given(name))
			(void)setenv(name, find_value(name), 1);
	}
}
