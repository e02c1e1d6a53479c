/*
 * Functions of the ticket service's writes, and what they share with those
 * of incoming events. Flicket's rules, its actions with their data, and the
 * totals that follow from them are in writes.c; who may, and in which state
 * of a ticket, are guards in service.c.
 */
#ifndef TICKET_WRITES_H
#define TICKET_WRITES_H

#include "services/ticket/ticket.h"

/* Take the settings that writes depend on. Dies if one makes no sense. */
void	writes_start(const struct settings *);

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

/* What decides about a ticket. 0 is none. */
struct ticket {
	int64_t	id;
	int64_t	author;
	int64_t	assignee;
	int64_t	status;
	int64_t	priority;
	int64_t	category;
	int64_t	status_version;	/* with which somebody set it last */
	int64_t	priority_version;
};

/* NOT_FOUND: it is not there. */
enum err write_find(struct call *, int64_t id, struct ticket *ret);

/* Tell the post service that a ticket is not there any more. */
enum err write_tell_gone(struct call *, int64_t id);

/*
 * Set status or priority, if it is another than the ticket has, with its
 * action. The new one is in the call's STATUS_ID, TICKET_PRIORITY_ID.
 */
enum err write_status(struct call *, struct ticket *);
enum err write_priority(struct call *, struct ticket *);

/* Close: nobody has it any more. */
enum err write_close(struct call *, struct ticket *);

/* Take it from its assignee; one that is closed stays closed. */
enum err write_release(struct call *, struct ticket *);

#endif
