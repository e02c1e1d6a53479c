/*
 * The settings of the desk that this flicketctl was installed for, so that its
 * commands work on that desk without an environment: etc/flicketd/flicketd.env,
 * which systemd reads for the service.
 */
#ifndef DESK_INSTALLED_H
#define DESK_INSTALLED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The file for a program: of /usr/bin/flicketctl /etc/flicketd/flicketd.env, of
 * /usr/local/bin/flicketctl /usr/local/etc/flicketd/flicketd.env. False: the
 * program is not in a folder `bin`, or the path is too long.
 */
bool	installed_path(const char *program, char *ret, size_t size);

/*
 * Read the file if there is one, and set FLICKET_DATA if it is not set. Nothing is
 * taken from a file whose FLICKET_DATA is another folder. False after a message: a
 * line cannot be read, or the file cannot and FLICKET_DATA is not set.
 */
bool	installed_find(void);

/* Set what installed_find() has read and the environment does not have. */
void	installed_adopt(void);

/*
 * Read a line NAME=VALUE as systemd.exec(5) has it, in place: quotes and
 * backslashes are removed. *ret_name NULL: the line is empty or a comment.
 * False: it is neither.
 */
bool	installed_read_line(char *line, char **ret_name, char **ret_value);

#endif
