/* Events from other services, as functions of operations. */
#ifndef TICKET_EVENTS_H
#define TICKET_EVENTS_H

#include "services/ticket/ticket.h"

/* REPLY_CHECK, after its guards: answers CHECKED. */
op_run	reply_check;

op_run	event_replied;
op_run	event_reply_edited;
op_run	event_reply_deleted;
op_run	event_reply_known;
op_run	event_user_gone;

#endif
