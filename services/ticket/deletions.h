/* Deleted tickets, for clients that keep copies of tickets. */
#ifndef TICKET_DELETIONS_H
#define TICKET_DELETIONS_H

#include "base/settings.h"
#include "services/op/op.h"

/* For how long deletions are kept. */
void		deletions_start(const struct settings *);

/*
 * Note the deletion of a ticket, in the transaction that deletes it, and forget
 * some that were kept for long enough.
 */
enum err	deletions_note(struct call *, int64_t ticket);

/*
 * List the deletions since a date or since the cursor of an earlier answer, in
 * their order. SYNC_EXPIRED: some of them are not kept any more.
 */
op_run		deletions_list;

#endif
