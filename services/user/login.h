/*
 * Logging in with a name and a password. It runs on the slow lane, one login
 * after the other; failed ones are counted, and too many within a minute are
 * answered with TOO_MANY and the seconds to wait.
 */
#ifndef USER_LOGIN_H
#define USER_LOGIN_H

#include "services/user/user.h"

void	login_start(const struct settings *);

/* PASSWORD_CHECK: answers USER_ID, RIGHTS and CREDENTIAL, or UNAUTHORIZED,
 * TOO_MANY. */
op_run	login_check;

/* PASSWORD_HASH: answers the hash of a new password as PASSWORD_HASH. */
op_run	login_hash;

/*
 * PASSWORD_CHANGE: the same for a user's new password. The old one must be
 * right, with the limits of logins, but where an admin changes another's;
 * the answer has its CREDENTIAL then.
 */
op_run	login_change;

/* What is said to an old password that is none, or is not any more. */
#define LOGIN_NOT_REPLACED	"password is not the one that is to be replaced."

#endif
