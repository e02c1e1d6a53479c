/*
 * The cookie that a browser keeps a session in, and the rules by which it
 * counts. Pages of other sites and of other ports can make a browser send
 * requests with it (SameSite=Strict stops sites, not ports), so a cookie counts
 * less than a token in Authorization:
 *
 *   1. where there is no Authorization,
 *   2. if Sec-Fetch-Site, where it is sent, says that a page of this desk asks,
 *      or the user by hand,
 *   3. for what is not a read only from a page of this desk, by Sec-Fetch-Site
 *      or by Origin, with the header field Flicket-Console: 1, which such a page
 *      cannot send elsewhere (it is not among those of CORS).
 */
#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

#include <h2o.h>
#include <stdbool.h>

#include "base/buf.h"

#define COOKIE_FIELD_SIZE	256	/* of Set-Cookie, with a token */

enum cookie_verdict {
	COOKIE_NONE,	/* there is none, or it does not count for a read */
	COOKIE_COUNTS,
	COOKIE_FOREIGN	/* a write with it may be another page's doing */
};

/* Find the session's token. base_url: the desk's, as in the settings. */
enum cookie_verdict	cookie_find(const h2o_req_t *, const char *base_url,
			    bool is_write, struct text *ret);

/*
 * Whether a browser says that a page elsewhere asks. False of clients that are
 * no browsers, which send neither Origin nor Sec-Fetch-Site.
 */
bool			cookie_is_foreign(const h2o_req_t *,
			    const char *base_url);

/*
 * Print the value of Set-Cookie. token empty: the cookie goes. max_age_s 0: it
 * goes with the browser's window.
 */
void			cookie_print(const h2o_req_t *, const char *base_url,
			    struct text token, int64_t max_age_s,
			    char ret[COOKIE_FIELD_SIZE]);

#endif
