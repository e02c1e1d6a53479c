/* The answer about a session: who is logged in, and what a console must know. */
#ifndef REPLY_SESSION_H
#define REPLY_SESSION_H

#include "gateway/core/exchange.h"
#include "gateway/http/cookie.h"

/*
 * Answer POST, GET and DELETE session. The owner's answer has the user, or null;
 * a token in its extras becomes the cookie.
 */
enum flow		session_answer(struct exchange *);

/* The desk whose cookies count. */
struct cookie_desk	session_desk(const struct exchange *);

#endif
