/* Who asks for a write, as the store has it when the write is done. */
#ifndef USER_ACTOR_H
#define USER_ACTOR_H

#include "services/user/user.h"

/*
 * Sets the request's rights to those that the actor's groups give, and that
 * the scope of the token leaves. UNAUTHORIZED: the user is not there any more
 * or is disabled, or the token ASKED_WITH has ended. Without ASKED_WITH, from
 * a gateway that does not tell it, the token is not looked at.
 *
 * The operator is no user: the actor 0 with the rights of an admin, as
 * flicketctl asks.
 */
enum err	actor_find(struct call *);

#endif
