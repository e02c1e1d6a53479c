/*
 * Encoded words of mail (RFC 2047): =?utf-8?B?5ryi?=. RFC 7578 does not want
 * them in forms, but some programs send names in no other way, .NET among them.
 */
#ifndef HTTP_ENCODED_WORDS_H
#define HTTP_ENCODED_WORDS_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Decode a text that consists of encoded words, with blanks between them, to
 * `to`, which has room for `size` bytes. False: it is another text, does not
 * fit, or is in a charset other than UTF-8, ISO 8859-1 and ASCII. Whether the
 * bytes of UTF-8 are valid is not checked.
 */
bool	encoded_words_read(struct text, char *to, size_t size,
	    struct text *ret);

#endif
