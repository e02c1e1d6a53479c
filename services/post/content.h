/*
 * Types of files, by their names and by their content (libmagic). For the slow
 * lane only: libmagic's memory is for one thread.
 */
#ifndef POST_CONTENT_H
#define POST_CONTENT_H

#include <stdbool.h>

#include "services/files/dir.h"

/* Load libmagic's database. Dies if that is not possible. */
void	content_start(void);

/*
 * The part of a name behind its last dot, in lower case; "" if it is empty or
 * too long, or has other characters than ASCII letters and digits.
 */
void	content_extension(struct text name, char ret[DIR_EXTENSION_SIZE]);

/* The media type that a file with this extension is served with. */
const char *content_type(const char *extension);

/*
 * Whether the content of an open file is of the type that its extension says.
 * *ret_is is the media type that it looks like, valid until the next call. The
 * descriptor's position is moved.
 */
bool	content_fits(int fd, const char *extension, const char **ret_is);

#endif
