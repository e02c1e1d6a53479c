/*
 * The cookie that a browser keeps a session in, and the rules by which it
 * counts. Pages of other sites and of other ports can make a browser send
 * requests with it (SameSite=Strict stops sites, not ports), so a cookie counts
 * less than a token in Authorization:
 *
 *   1. if the request has no Authorization,
 *   2. if Sec-Fetch-Site, where a browser sends it, says that the request comes
 *      from a page of this desk, or from the user (an address that was typed, a
 *      bookmark),
 *   3. for other methods than GET and HEAD: if Sec-Fetch-Site or else Origin
 *      says that it comes from a page of this desk, and the request has the
 *      header field Flicket-Console: 1. A page of another origin cannot send
 *      that field, as CORS does not allow it (gateway/reply/cors.c).
 */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include <h2o.h>
#include <stdbool.h>

#include "base/buf.h"
#include "gateway/http/proxies.h"

#define COOKIE_FIELD_SIZE	256	/* of Set-Cookie, with a token */

/* Which desk it is that a browser speaks with. */
struct cookie_desk {
	const char		*base_url;
	const struct proxies	*proxies;
};

enum cookie_verdict {
	COOKIE_NONE,	/* there is none, or it does not count for a read */
	COOKIE_COUNTS,
	COOKIE_FOREIGN	/* the write may be the doing of another page */
};

/* Find the session's token; *ret is empty unless it counts. */
enum cookie_verdict	cookie_find(const h2o_req_t *,
			    const struct cookie_desk *, bool is_write,
			    struct text *ret);

/*
 * Whether a browser says that the request comes from a page elsewhere. False of
 * clients that are no browsers, which send neither Origin nor Sec-Fetch-Site.
 */
bool			cookie_is_foreign(const h2o_req_t *,
			    const struct cookie_desk *);

/*
 * Print the value of Set-Cookie. token empty: the browser deletes the cookie.
 * max_age_s 0: the browser deletes it when it ends.
 */
void			cookie_print(const h2o_req_t *,
			    const struct cookie_desk *, struct text token,
			    int64_t max_age_s, char ret[COOKIE_FIELD_SIZE]);

#endif
