/* Header fields, looked for by their names. */
#include "gateway/http/header.h"

#include <string.h>

bool
header_find(const h2o_req_t *req, const char *name, struct text *ret)
{
	ssize_t		 at = h2o_find_header_by_str(&req->headers, name,
			    strlen(name), -1);
	h2o_iovec_t	 value;

	*ret = (struct text){ "", 0 };
	if (at == -1)
		return false;
	value = req->headers.entries[at].value;
	*ret = (struct text){ value.base, value.len };
	return true;
}

struct text
header_value(const h2o_req_t *req, const char *name)
{
	struct text	value;

	(void)header_find(req, name, &value);
	return value;
}
