/* Terminals: colours, widths. */
#include "tools/flicketctl/cli/term.h"

#include <sys/ioctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/log.h"
#include "base/visible.h"

static bool
has_colours(void)
{
	const char	*no = getenv("NO_COLOR");

	return (no == NULL || no[0] == '\0') && isatty(STDOUT_FILENO);
}

/*
 * The columns that a text takes: a Chinese character takes two. Its bytes, if
 * the C library cannot tell.
 */
static int
columns_of(const char *text)
{
	wchar_t	wide[256];
	size_t	n = mbstowcs(wide, text, sizeof(wide) / sizeof(wide[0]));
	int	columns = -1;

	if (n < sizeof(wide) / sizeof(wide[0]))
		columns = wcswidth(wide, n);
	return columns == -1 ? (int)strlen(text) : columns;
}

void
term_put(enum term_colour colour, const char *text, int width)
{
	static const char *const codes[] = {
		[TERM_PLAIN] = "0", [TERM_GREEN] = "32", [TERM_YELLOW] = "33",
		[TERM_RED] = "31", [TERM_BOLD] = "1",
	};
	bool	 plain = colour == TERM_PLAIN || !has_colours();
	char	*shown;
	size_t	 size;
	FILE	*f = open_memstream(&shown, &size);
	int	 filled;

	CHECK(f != NULL);
	visible_put(f, text, strlen(text));
	(void)fclose(f);
	filled = width - columns_of(shown);
	if (!plain)
		printf("\033[%sm", codes[colour]);
	printf("%s%*s", shown, filled > 0 ? filled : 0, "");
	if (!plain)
		fputs("\033[0m", stdout);
	free(shown);
}

int
term_width(FILE *f)
{
	struct winsize	size;

	if (!isatty(fileno(f)) || ioctl(fileno(f), TIOCGWINSZ, &size) == -1 ||
	    size.ws_col == 0)
		return 78;
	return size.ws_col < 40 ? 40 : size.ws_col;
}

bool
term_clear(void)
{
	if (!isatty(STDOUT_FILENO))
		return false;
	fputs("\033[H\033[J", stdout);
	return true;
}
