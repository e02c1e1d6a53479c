/* Targets in absolute form, as proxies and a few clients send them. */
#include "gateway/http/target.h"

#include <stdint.h>
#include <strings.h>

/* The length of "http://" or "https://"; 0 if the target begins otherwise. */
static size_t
scheme_length(struct text target)
{
	static const char	*const schemes[] = { "http://", "https://" };
	size_t			 len;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		len = strlen(schemes[i]);
		if (target.len >= len &&
		    strncasecmp(target.base, schemes[i], len) == 0)
			return len;
	}
	return 0;
}

/*
 * Make room for the path that a target lacks: the host moves over the slash
 * before it.
 */
static struct text
put_path(struct text *host, struct text rest, char path)
{
	char	*slash = (char *)(uintptr_t)host->base - 1;

	memmove(slash, host->base, host->len);
	host->base = slash;
	slash[host->len] = path;
	return (struct text){ slash + host->len, rest.len + 1 };
}

struct text
target_reduce(struct text target, bool options, struct text *ret_host)
{
	size_t		scheme = scheme_length(target);
	struct text	rest;

	*ret_host = (struct text){ target.base + scheme, 0 };
	if (scheme == 0)
		return target;
	while (scheme + ret_host->len < target.len &&
	    strchr("/?#", ret_host->base[ret_host->len]) == NULL)
		ret_host->len++;
	scheme += ret_host->len;
	rest = (struct text){ target.base + scheme, target.len - scheme };
	if (rest.len > 0 && rest.base[0] == '/')
		return rest;
	return put_path(ret_host, rest, options && rest.len == 0 ? '*' : '/');
}
