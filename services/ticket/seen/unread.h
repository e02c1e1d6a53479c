/* The filter `unread`: tickets in which there is something new for a user. */
#ifndef SEEN_UNREAD_H
#define SEEN_UNREAD_H

#include "services/ticket/list/filter.h"

/*
 * Narrow a filter to the tickets that the user who asks has not seen, if the
 * request says so. BAD_REQUEST if it names another user.
 */
enum err	unread_read(struct call *, struct columns *,
		    struct filter *);

#endif
