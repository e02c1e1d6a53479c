/* Parts of URLs, and their percent-encoding. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <h2o.h>
#include <stdbool.h>

#include "base/buf.h"

/*
 * Where the path of an absolute URL begins, behind scheme, host and port: its end
 * if it has no path.
 */
const char	*url_path(const char *url);

/* Decode it; bytes that are not an encoding stay. The text lives in the pool. */
struct text	url_decode(h2o_mem_pool_t *, struct text, bool plus_is_space);

/*
 * Take the next parameter of a query from *left, and decode its name and its
 * value. False at the end of the query.
 */
bool		url_next_parameter(h2o_mem_pool_t *, struct text *left,
		    struct text *ret_name, struct text *ret_value);

#endif
