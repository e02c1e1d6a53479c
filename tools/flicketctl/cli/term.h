/* Terminals: colours, prompts, secrets. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

enum term_colour { TERM_PLAIN, TERM_GREEN, TERM_YELLOW, TERM_RED, TERM_BOLD };

/*
 * Print a text in a colour, made visible (base/visible.h) and filled up to a
 * width with blanks. Without a terminal as standard output, and with NO_COLOR,
 * there are no colours.
 */
void	term_put(enum term_colour, const char *text, int width);

/* Clear the screen if standard output is a terminal. False: it is not. */
bool	term_clear(void);

#define SECRET_SIZE	512

/*
 * Read a secret: the first line of a file ("-": of standard input) or, if path
 * is NULL, a line that is typed twice at the terminal without echo. False after
 * a message that begins with `who`.
 */
bool	term_read_secret(const char *path, char ret[SECRET_SIZE]);

#endif
