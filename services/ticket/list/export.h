/*
 * Exports: a list of tickets as a file, in chunks. Each chunk is a read of its
 * own, whose answer has the cursor of the next one.
 */
#ifndef LIST_EXPORT_H
#define LIST_EXPORT_H

#include "services/op/op.h"

op_run	ticket_export;

#endif
