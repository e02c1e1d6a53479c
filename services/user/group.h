/* Groups and who is in them. */
#ifndef USER_GROUP_H
#define USER_GROUP_H

#include "services/user/user.h"

/*
 * Add and remove a member. Gateways are told to forget what they cache of the
 * user's tokens, so that rights change at once; the tokens stay valid.
 */
op_run	group_add_member;
op_run	group_remove_member;

op_run	group_delete;

#endif
