/* `tickets/`: a page of a list of tickets. */
#ifndef LIST_PAGE_H
#define LIST_PAGE_H

#include "services/op/op.h"

op_run	ticket_list;

#endif
