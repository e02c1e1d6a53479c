/* What the files of the ticket service share. */
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

/* Statuses that every Flicket has, under these ids. */
enum {
	STATUS_OPEN = 1,
	STATUS_CLOSED = 2,
	STATUS_IN_WORK = 3
};

/* What a client is told where that is in the way. */
#define MESSAGE_CLOSED	"The ticket is closed."

#endif
