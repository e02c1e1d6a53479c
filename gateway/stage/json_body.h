/* Bodies of JSON, as clients write them. */
#ifndef STAGE_JSON_BODY_H
#define STAGE_JSON_BODY_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buf.h"

/*
 * Read a body with jansson's flags; a byte order mark before it is left out. A
 * number that has more than 64 bits becomes an empty array, which no field
 * takes: so it is no fault where it is ignored. *ret_beyond: there is one, and
 * *error says where. Returns NULL with *error for what is not JSON. The caller
 * has the reference.
 */
json_t	*json_body_read(struct text body, size_t flags, json_error_t *error,
	    bool *ret_beyond);

#endif
