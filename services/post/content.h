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

/* The media type that an extension promises, or "another type". */
const char *content_claim(const char *extension);

#define CONTENT_NAME_SIZE	64
#define CONTENT_IS_SIZE		(CONTENT_NAME_SIZE + 128)

/*
 * Whether the content of an open file is of the type that its extension says. If
 * it is not, ret_is gets what it is, in libmagic's words and as a media type:
 * "PDF document (application/pdf)". The descriptor's position is moved.
 */
bool	content_fits(int fd, const char *extension,
	    char ret_is[CONTENT_IS_SIZE]);

#endif
