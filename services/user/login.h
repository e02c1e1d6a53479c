/*
 * Logins with a name and a password. They run on the slow lane, one after the
 * other. Failed ones are counted; when there are too many within a minute, the
 * answer is TOO_MANY and the seconds to wait.
 */
#ifndef USER_LOGIN_H
#define USER_LOGIN_H

#include "services/user/failures.h"
#include "services/user/user.h"

void	login_start(const struct settings *);

/* The failures of this process. */
struct failures	*login_failures(void);

/* PASSWORD_CHECK: answers USER_ID, RIGHTS and CREDENTIAL, or UNAUTHORIZED,
 * TOO_MANY. */
op_run	login_check;

/* PASSWORD_HASH: answers the hash of a new password as PASSWORD_HASH. */
op_run	login_hash;

/*
 * PASSWORD_CHANGE: the same for a user's new password. Unless an admin changes
 * the password of another user, the old one must be right, with the limits of
 * logins, and the answer has its CREDENTIAL.
 */
op_run	login_change;

/* The refusal of an old password that is wrong, or was changed meanwhile. */
#define LOGIN_NOT_REPLACED	"password is not the one that is to be replaced."

#endif
