/*
 * Marks: members of tickets that few requests ask for, and that are not in the
 * table `tickets`: `unread`, `first_reply`, `closed_at`.
 */
#ifndef TICKET_MARKS_H
#define TICKET_MARKS_H

#include "services/op/op.h"

/* Whether the request's `fields` name a member that is made only then. */
bool	member_is_wanted(const struct call *, const char *member);

/* Whether they name a mark. */
bool	marks_are_wanted(const struct call *);

op_run	ticket_get;

#endif
