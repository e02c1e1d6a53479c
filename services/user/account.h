/*
 * Accounts, as admins make them and users change their own. The guards of the
 * operations (service.c) decide who may; here is what statements cannot do.
 */
#ifndef USER_ACCOUNT_H
#define USER_ACCOUNT_H

#include "services/user/user.h"

/*
 * Why a user's fields are refused beyond their bounds; NULL if they are not.
 * *ret_field gets the field that is refused; 0: clients do not send it.
 */
const char	*account_refusal(const struct args *, enum key *ret_field);

/* Make and change users, and tell the ticket service; answer the user. */
op_run	account_create;
op_run	account_edit;		/* disabling ends the user's tokens */

op_run	account_delete;		/* with its tokens and its picture */

/* Set the password, and end the user's tokens but the one that asks. */
op_run	account_set_password;

#endif
