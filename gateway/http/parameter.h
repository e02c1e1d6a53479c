/*
 * Parameters of header fields: `; name=value`, quoted or not, encoded for other
 * characters than ASCII (RFC 8187), or in sections (RFC 2231).
 */
#ifndef HTTP_PARAMETER_H
#define HTTP_PARAMETER_H

#include <stdbool.h>

#include "base/buf.h"

#define PARAMETER_MOST_BYTES	4096	/* of a value */
#define PARAMETER_SECTIONS_MOST	64

struct parameter {
	char		bytes[PARAMETER_MOST_BYTES];	/* of a quoted value */
	struct text	name;
	struct text	value;		/* without its quotes */
};

enum parameter_result {
	PARAMETER_NONE,
	PARAMETER_READ,
	PARAMETER_MALFORMED,
	PARAMETER_TWICE,
	PARAMETER_TOO_LONG
};

/* Take the token that a text begins with; it may be empty. */
struct text	parameter_token(struct text *left);

/*
 * Read the next parameter of what follows a field's first token. One without a
 * value is left out.
 */
enum parameter_result	parameter_next(struct text *left, struct parameter *);

/*
 * Look for the parameter `name` among all and write its value, decoded, to
 * `to`, which has room for `size` bytes. `name*` comes before `name*0` and the
 * sections behind it, and these before `name`, whose value may be of encoded
 * words. The name has no regard to case.
 */
enum parameter_result	parameter_find(struct text all, const char *name,
			    char *to, size_t size, struct text *ret);

#endif
