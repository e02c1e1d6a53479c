/* Which tickets a user has seen: `ticket/ID/seen`, and own replies. */
#ifndef SEEN_SEEN_H
#define SEEN_SEEN_H

#include "services/op/op.h"

op_run	ticket_seen;

/* The author of the reply that an event tells has seen it. */
enum err	seen_by_replier(struct call *);

#endif
