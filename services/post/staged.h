/*
 * Staged files: uploaded before the ticket or reply that they go with exists.
 * Their user claims them with UPLOAD_IDS of a write, within a day.
 *
 * A reply claims them in its own transaction. A ticket is in another store: its
 * write reserves them first (UPLOADS_RESERVE), so that they stay for another
 * day, and claims them by an event of its transaction.
 */
#ifndef POST_STAGED_H
#define POST_STAGED_H

#include "services/post/post.h"

/*
 * Whether the call's actor can claim all UPLOAD_IDS, if there are any. Refuses
 * with a text that names the first that is not staged, or given twice.
 */
enum err	staged_check(struct call *);

/* Attach them to the reply. */
enum err	staged_attach(struct call *, int64_t post_id);

op_run	staged_reserve;

/*
 * The event of a ticket. A file that another write of its user has claimed since
 * it was reserved is attached to both.
 */
op_run	staged_claimed;

/* The chore: delete those that nobody has claimed. */
op_run	staged_expire;

/* Between two runs of the chore, ms. */
#define STAGED_EXPIRE_EVERY_MS	600000

#endif
