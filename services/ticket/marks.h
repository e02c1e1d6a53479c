/*
 * Marks: members of tickets that few requests ask for, and that are not in the
 * table `tickets`: `unread`, `first_reply`, `closed_at`.
 */
#ifndef TICKET_MARKS_H
#define TICKET_MARKS_H

#include "services/op/op.h"

/* Whether the request's `fields` name one of them. */
bool	marks_are_wanted(const struct call *);

op_run	ticket_get;

#endif
