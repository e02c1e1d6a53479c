/*
 * Users as admins make them and as they change themselves. Guards of the
 * rows (service.c) decide who may; here is what no statement can say.
 */
#ifndef USER_ACCOUNT_H
#define USER_ACCOUNT_H

#include "services/user/user.h"

/* What is wrong with a user's fields beyond their bounds, or NULL. */
const char	*account_refusal(const struct args *);

/* Make and change users, and tell the ticket service; answer the user. */
op_run	account_create;
op_run	account_edit;		/* disabling ends the user's tokens */

op_run	account_delete;		/* with its tokens and its picture */

/* Set the password, and end the user's tokens but the one that asks. */
op_run	account_set_password;

#endif
