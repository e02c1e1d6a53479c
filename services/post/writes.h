/*
 * Changes of replies and files that take more than a statement: those that
 * change other rows as well, and those whose events have more than the call's
 * arguments.
 */
#ifndef POST_WRITES_H
#define POST_WRITES_H

#include "services/post/post.h"

/*
 * Refuses a reply whose author has not seen the newest ones (SEEN_POST_ID). Adds
 * AUTHOR_ID, DATE, HOURS, POST_ID, and what USER_COUNTED needs.
 */
op_run	post_create;

/* Tells TICKET_REPLY_EDITED, unless nothing was changed. */
op_run	post_edit;

/* Tell TICKET_REPLY_DELETED of each reply, USER_COUNTED of its author. */
op_run	post_delete;
op_run	post_ticket_deleted;

/*
 * Tell the texts of some replies after the one of POST_ID, then up to which it
 * was.
 */
op_run	post_tell_texts;

op_run	upload_create;
op_run	upload_delete;

/* Answer what the file belongs to: POST_ID or TICKET_ID. */
op_run	upload_place;

#endif
