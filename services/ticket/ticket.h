/* Statements, statuses and messages of the ticket service. */
#ifndef TICKET_TICKET_H
#define TICKET_TICKET_H

#include "services/op/op.h"

enum {
	SQL_OWN = SQL_COMMON_END - 1,
#define SQL(NAME, text) SQL_##NAME,
#include "services/ticket/sql.tbl"
#undef SQL
	SQL_END
};

/* The ids that these statuses have in every Flicket. */
enum {
	STATUS_OPEN = 1,
	STATUS_CLOSED = 2,
	STATUS_IN_WORK = 3
};

/* The message when a ticket should be open. */
#define MESSAGE_CLOSED	"The ticket is closed."

#endif
