/* The body of POST session: who logs in. */
#ifndef STAGE_LOGIN_H
#define STAGE_LOGIN_H

#include "gateway/core/exchange.h"

/*
 * Read name and password for the user service (ret), and what the operation
 * takes (x->args). Refuses what a page elsewhere sends: it could log a user in
 * as somebody else. FLOW_NEXT, or what the refusal returned.
 */
enum flow	login_read(struct exchange *, struct args *ret);

#endif
