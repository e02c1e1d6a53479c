/* Percent-encoding (RFC 3986, 2.1). */
#ifndef BASE_PERCENT_H
#define BASE_PERCENT_H

#include "base/buf.h"

/* Where an encoded text stands: that decides which bytes stand for themselves. */
enum percent_part {
	PERCENT_FORM,	/* a value in a query: letters, digits, "-_.~"; a space
			 * becomes "+" (application/x-www-form-urlencoded) */
	PERCENT_URL,	/* a part of a path: what a URL may have */
	PERCENT_ATTR	/* a parameter of a header field (RFC 8187) */
};

/* Append a text, with the bytes that do not stand for themselves encoded. */
void	percent_encode(struct buf *, struct text, enum percent_part);

#endif
