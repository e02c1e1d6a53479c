/*
 * The pictures of users: files in stores/user/avatars, under names that
 * cannot be guessed; the row of the user says which one is theirs.
 *
 * A file is there before its row and goes after it. A picture that was
 * replaced is removed once the loop sees that no row has it any more; what a
 * crash leaves behind goes at the next start.
 */
#ifndef USER_AVATAR_H
#define USER_AVATAR_H

#include "services/user/user.h"

/* Load what tells types of files. */
void	avatar_start(void);

/* This process writes from now on: remove files that no row has. */
void	avatar_became_writer(const struct service *);

/*
 * AVATAR_PUT: check the picture by its content, keep it, answer the user.
 * BODY_TOO_LARGE, BAD_MEDIA_TYPE, BAD_REQUEST when it is empty.
 */
op_run	avatar_put;

/* AVATAR_GET: BYTES and MEDIA_TYPE of a file that somebody's row has. */
op_run	avatar_get;

/* The picture of the user ID is to go, if the transaction is committed. */
enum err avatar_give_up(struct call *);

/* For the loop, every now and then: remove those that are to go. */
void	avatar_clear(struct call *);

#endif
