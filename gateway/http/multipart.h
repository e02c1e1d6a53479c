/*
 * multipart/form-data (RFC 7578, RFC 2046), of a body that is whole in memory.
 * Only names are copied: contents point into the body.
 */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include <stdbool.h>

#include "base/buf.h"

#define MULTIPART_MOST		16	/* parts of a body */
#define BOUNDARY_MOST_BYTES	70
#define NAME_MOST_BYTES		1024	/* of a field or a file */

struct part {
	char		name_bytes[NAME_MOST_BYTES];
	char		file_bytes[NAME_MOST_BYTES];
	struct text	name;		/* of the field, unescaped */
	bool		is_file;	/* it has a filename */
	struct text	filename;	/* unescaped, with any folders */
	struct text	content;
};

struct multipart {
	char		 delimiter[BOUNDARY_MOST_BYTES + 4]; /* CR LF - - ... */
	size_t		 delimiter_len;
	struct text	 left;		/* of the body, behind a delimiter */
	unsigned	 parts;		/* read so far */
	bool		 ended;		/* the last delimiter was read */
	const char	*wrong;		/* the fault, after MULTIPART_BAD */
};

enum multipart_result {
	MULTIPART_PART,		/* one was read */
	MULTIPART_END,		/* the body is at its end, and whole */
	MULTIPART_BAD,		/* `wrong` says why */
	MULTIPART_OTHER		/* the Content-Type is another */
};

/*
 * Begin with a Content-Type and a body, which must outlive the parts;
 * MULTIPART_PART: there may be parts.
 */
enum multipart_result	multipart_begin(struct multipart *, struct text type,
			    struct text body);

/* Read the next part. */
enum multipart_result	multipart_next(struct multipart *, struct part *ret);

#endif
