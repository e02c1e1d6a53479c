/* Terminals: colours, widths. */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum term_colour { TERM_PLAIN, TERM_GREEN, TERM_YELLOW, TERM_RED, TERM_BOLD };

/*
 * Print a text in a colour, made visible (base/visible.h) and filled up to a
 * width with blanks. Without a terminal as standard output, and with NO_COLOR,
 * there are no colours.
 */
void	term_put(enum term_colour, const char *text, int width);

/*
 * The columns of the terminal that a stream writes to, 40 at least; 78 if it is
 * not a terminal.
 */
int	term_width(FILE *);

/* Clear the screen if standard output is a terminal. False: it is not. */
bool	term_clear(void);

#endif
