/*
 * The pictures of users: files in stores/user/avatars under random names
 * (services/files/); a user's row names its picture. A picture that was
 * replaced is removed when that is committed.
 */
#ifndef USER_AVATAR_H
#define USER_AVATAR_H

#include "services/files/reaper.h"
#include "services/user/user.h"

/*
 * Load libmagic's database and start the reaper. Dies if that is not possible.
 */
void	avatar_start(const struct service *);

/* This process begins to write: remove files that a crash left. */
void	avatar_became_writer(const struct service *);

/* No thread of this module uses store or directory any more. */
void	avatar_stop(void);

/*
 * AVATAR_PUT: check the picture by its content, store it, answer the user.
 * BODY_TOO_LARGE, BAD_MEDIA_TYPE; BAD_REQUEST when it is empty.
 */
op_run	avatar_put;

/* AVATAR_GET: BYTES and MEDIA_TYPE of a file that a user's row names. */
op_run	avatar_get;

/* Remove the picture of the user ID when the transaction is committed. */
enum err avatar_unlink_later(struct call *);

/* For tests, which run the reaper without its thread. */
struct reaper	*avatar_reaper(void);

#endif
