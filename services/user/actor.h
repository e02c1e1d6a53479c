/* The user that asks for a write, as stored when the write is done. */
#ifndef USER_ACTOR_H
#define USER_ACTOR_H

#include "services/user/user.h"

/*
 * Set the request's rights to those that the actor's groups give and the scope
 * of the token leaves. UNAUTHORIZED: the user was deleted or disabled, or the
 * token ASKED_WITH has ended. Without ASKED_WITH, from a gateway of an older
 * version, the token is not checked.
 *
 * The operator is not a user: flicketctl asks as actor 0 with the rights of an
 * admin.
 */
enum err	actor_find(struct call *);

#endif
