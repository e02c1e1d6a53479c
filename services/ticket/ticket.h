/* Statements and messages of the ticket service. */
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

/* The message when a ticket should be open. */
#define MESSAGE_CLOSED	"The ticket is closed."

#endif
