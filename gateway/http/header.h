/* Header fields of a request. */
#ifndef HTTP_HEADER_H
#define HTTP_HEADER_H

#include <h2o.h>
#include <stdbool.h>

#include "base/buf.h"

/* Find the first field of this name, in lower case; false: *ret is empty. */
bool		header_find(const h2o_req_t *, const char *name,
		    struct text *ret);

/* Its value, or an empty text. */
struct text	header_value(const h2o_req_t *, const char *name);

#endif
