/* Secrets: passwords that are asked for. */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include <stdbool.h>

#define SECRET_SIZE	512

/*
 * Read a secret: the first line of a file ("-": of standard input) or, if path
 * is NULL, a line that is typed twice at the terminal without echo. False after
 * a message.
 */
bool	term_read_secret(const char *path, char ret[SECRET_SIZE]);

#endif
