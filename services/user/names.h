/*
 * Usernames and addresses, both of which people log in with. They have a folded
 * form (base/fold.h), which a new one may not share with another user's.
 */
#ifndef USER_NAMES_H
#define USER_NAMES_H

#include "services/user/user.h"

#define NAMES_ALIKE	"another user logs in with one that reads the same: it " \
			"differs only in case, width or invisible characters."

/*
 * The chore of a process that begins to write: fill in forms that are missing or
 * of another version, folded names and words, and log which users have the same
 * folded ones.
 */
op_run	names_fold;

#endif
