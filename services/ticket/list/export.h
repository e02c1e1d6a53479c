/*
 * A list of tickets as a file, chunk by chunk: each is a read of its own and
 * says with a cursor where the next begins.
 */
#ifndef LIST_EXPORT_H
#define LIST_EXPORT_H

#include "services/op/op.h"

op_run	ticket_export;

/* Append a text as a cell of a CSV file. */
void	csv_put(struct buf *, struct text);

#endif
