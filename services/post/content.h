/*
 * What a file is: by its name, and by what is in it (libmagic). For the slow
 * lane only: libmagic's memory is for one thread.
 */
#ifndef POST_CONTENT_H
#define POST_CONTENT_H

#include <stdbool.h>

#include "base/buf.h"

/* The longest extension there is, with its NUL. */
#define EXTENSION_SIZE	24

/* Load libmagic's database. Dies if there is none. */
void	content_start(void);

/*
 * What follows the last dot of a name, in lower case; "" if there is nothing,
 * or too much, or anything but ASCII letters and digits.
 */
void	content_extension(struct text name, char ret[EXTENSION_SIZE]);

/* The media type that a file with this extension is served with. */
const char *content_type(const char *extension);

/*
 * Whether what is in an open file is what its extension says. Where it is
 * not, *ret_is says what it is, valid until the next call. The descriptor's
 * place in the file is moved.
 */
bool	content_fits(int fd, const char *extension, const char **ret_is);

#endif
