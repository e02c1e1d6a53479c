/*
 * What a process of the ticket service keeps in memory: the tickets' columns,
 * and what the last lists and searches made of them. The loop is the only
 * thread that uses it.
 */
#ifndef TICKET_TICKET_INDEX_H
#define TICKET_TICKET_INDEX_H

#include "services/ticket/index/loader.h"
#include "services/ticket/list/bitmaps.h"
#include "services/ticket/search/search.h"

struct ticket_index {
	struct loader	loader;
	struct columns	columns;
	struct bitmaps	bitmaps;	/* of the last filters */
	struct searches	searches;	/* results of the last ones */
};

/*
 * Hooks of the service (struct service): new() starts loading the columns from
 * the store at `path`; destroy() waits for the end of that.
 */
void	*ticket_index_new(const struct service *, const char *path);
void	 ticket_index_destroy(void *arg);
bool	 ticket_index_is_loading(void *arg);

static inline struct ticket_index *
ticket_index_of(const struct call *c)
{
	return c->session->tables->index;
}

/*
 * Bring the columns up to date with the call's read transaction. Refuses the
 * call while they are being loaded.
 */
enum err ticket_index_refresh(struct call *);

/* PING: beside what op_ping() says, the columns are brought up to date. */
op_run	 ticket_ping;

#endif
