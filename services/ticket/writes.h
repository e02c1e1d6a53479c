/*
 * Writes of the ticket service, and the parts of them that events.c uses.
 * writes.c has Flicket's rules, its actions with their data, and the totals that
 * follow; who may write, and in which state of a ticket, is decided by guards in
 * service.c.
 */
#ifndef TICKET_WRITES_H
#define TICKET_WRITES_H

#include "services/ticket/ticket.h"

/* Read the settings that writes depend on. Dies if one is not valid. */
void	writes_start(const struct settings *);

op_run	ticket_create;
op_run	ticket_edit;
op_run	ticket_delete;
op_run	ticket_assign;
op_run	ticket_claim;
op_run	ticket_release;
op_run	ticket_close;
op_run	ticket_status;
op_run	ticket_priority;
op_run	ticket_category;
op_run	subscription_create;
op_run	subscription_delete;

/* Keys that these functions, and those of events.c, give to statements. */
#define WRITE_MAKES	K(TICKET_ID, USER_ID, STATUS_ID, RECIPIENT_ID, ACTION, \
			    POSTS, ASSIGNED, OLD_CONTENT, AUTHOR_ID, DATE)

/* --- shared with events.c ------------------------------------------------- */

/* The columns of a ticket that decide what may be done; 0: not set. */
struct ticket {
	int64_t	id;
	int64_t	author;
	int64_t	assignee;
	int64_t	status;
	int64_t	priority;
	int64_t	category;
	int64_t	status_version;	/* the ticket's, when a user set it last */
	int64_t	priority_version;

	/* The ids of the statuses that the service sets; not of the ticket. */
	int64_t	status_open;
	int64_t	status_closed;
	int64_t	status_in_work;
};

/* NOT_FOUND: the ticket does not exist. */
enum err write_find(struct call *, int64_t id, struct ticket *ret);

/* Tell the post service that a ticket was deleted. */
enum err write_tell_gone(struct call *, int64_t id);

/*
 * Set the status or the priority to the call's STATUS_ID, TICKET_PRIORITY_ID,
 * with its action, if the ticket has another one.
 */
enum err write_status(struct call *, struct ticket *);
enum err write_priority(struct call *, struct ticket *);

/* Close it, and take it from its assignee. */
enum err write_close(struct call *, struct ticket *);

/* Take it from its assignee; a closed ticket stays closed. */
enum err write_release(struct call *, struct ticket *);

#endif
