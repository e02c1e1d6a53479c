/* Groups and who is in them. */
#ifndef USER_GROUP_H
#define USER_GROUP_H

#include "services/user/user.h"

/*
 * Add and remove a member. What gateways know of the user's tokens they are
 * told to forget, so that rights change at once; the tokens live on.
 */
op_run	group_add_member;
op_run	group_remove_member;

op_run	group_delete;

#endif
