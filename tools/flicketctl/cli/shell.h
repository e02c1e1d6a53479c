/* Command lines that a user is to copy. */
#ifndef CLI_SHELL_H
#define CLI_SHELL_H

#include "base/buf.h"

/* Append a text in quotes that a POSIX shell reads as it is. */
void		 shell_put_quoted(struct buf *, const char *text);

/*
 * A word that a POSIX shell reads as a text, in quotes only if it must be. It
 * replaces what the buffer has, and is valid until that changes. What prints it
 * makes it visible (base/visible.h), so a text with control characters cannot be
 * copied.
 */
const char	*shell_word(struct buf *, const char *text);

#endif
