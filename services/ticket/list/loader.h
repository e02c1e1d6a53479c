/*
 * The columns of this process, for the thread that reads (the loop).
 */
#ifndef LIST_LOADER_H
#define LIST_LOADER_H

#include "services/ticket/list/columns.h"

/* Begin to load them, on a thread of its own. At the end: no longer. */
void		 columns_start(const struct service *, const char *path);
void		 columns_stop(void);

/* The columns as the call's read transaction sees them; NULL: *ret says. */
struct columns	*columns_now(struct call *, enum err *ret);

/* Whether calls that need them have to be sent again later. */
bool		 columns_are_loading(void);

/*
 * PING: beside what it says, the columns are brought up to date. The first
 * one has them loaded, on a thread of its own, and does not wait for that.
 */
op_run		 columns_ping;

#endif
