/* The form of e-mail addresses. */
#ifndef USER_EMAIL_H
#define USER_EMAIL_H

#include "base/buf.h"

/*
 * Why a text is not an address, or NULL if it is one. An address is a local
 * part and a domain as RFC 5322 (3.4.1) and RFC 6531 define them, without
 * quoted parts, comments and literals: it can neither end a line of a mail's
 * header nor name a second recipient. The domain may be a single name, such as
 * "localhost". Only mail can tell whether mail arrives.
 */
const char	*email_refusal(struct text);

#endif
