/*
 * Which tickets a user has seen, by `ticket/ID/seen` and by own writes and
 * replies.
 */
#ifndef SEEN_SEEN_H
#define SEEN_SEEN_H

#include "services/op/op.h"

op_run	ticket_seen;

/* A user who has written to the ticket of the path has seen it. */
enum err	seen_by_writer(struct call *);

/* The author of the reply that an event tells has seen it. */
enum err	seen_by_replier(struct call *);

#endif
