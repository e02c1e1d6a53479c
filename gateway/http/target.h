/* The target of a request of HTTP/1 (RFC 9112, 3.2). */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Reduce a target in absolute form to its path and query, in place; one byte
 * before its path may be overwritten. *ret_host is the host that it names, empty
 * for a target of another form, which stays. `options`: the method is OPTIONS,
 * and a target without a path means the server itself (*).
 */
struct text	target_reduce(struct text target, bool options,
		    struct text *ret_host);

#endif
