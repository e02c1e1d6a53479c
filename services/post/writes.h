/*
 * Changes of replies and files that no single statement can say: those that
 * take others along, and those that others are told of with more than their
 * arguments.
 */
#ifndef POST_WRITES_H
#define POST_WRITES_H

#include "services/post/post.h"

/* Adds AUTHOR_ID, DATE, HOURS, POST_ID, and what USER_COUNTED needs. */
op_run	post_create;

/* Tells TICKET_REPLY_EDITED, unless nothing was changed. */
op_run	post_edit;

/* Tell TICKET_REPLY_DELETED of each reply, USER_COUNTED of its author. */
op_run	post_delete;
op_run	post_ticket_deleted;

op_run	upload_create;
op_run	upload_delete;

/* Answers what the file hangs on: POST_ID or TICKET_ID. */
op_run	upload_place;

#endif
