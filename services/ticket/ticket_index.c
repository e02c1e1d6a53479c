/* The memory of a process of the ticket service: its life, and its updates. */
#include "services/ticket/ticket_index.h"

#include <stdlib.h>

#include "services/ticket/index/labels.h"
#include "services/ticket/index/ranks.h"

void *
ticket_index_new(const struct service *service, const char *path)
{
	struct ticket_index	*index = must_alloc(sizeof(*index));

	loader_start(&index->loader, service, path);
	return index;
}

void
ticket_index_destroy(void *arg)
{
	struct ticket_index	*index = arg;

	loader_stop(&index->loader);
	columns_done(&index->columns);
	bitmaps_done(&index->bitmaps);
	searches_done(&index->searches);
	free(index);
}

bool
ticket_index_is_loading(void *arg)
{
	struct ticket_index	*index = arg;

	return loader_is_loading(&index->loader);
}

enum err
ticket_index_refresh(struct call *c)
{
	struct ticket_index	*index = ticket_index_of(c);
	struct change_bounds	 bounds;
	enum err		 e = columns_bounds(c, &bounds);

	if (e == OK)
		e = loader_take(&index->loader, c, &index->columns, &bounds);
	if (e == OK)
		e = columns_follow(c, &index->columns, &bounds);
	return e;
}

enum err
ticket_ping(struct call *c)
{
	struct ticket_index	*index = ticket_index_of(c);

	if (!loader_is_loading(&index->loader) &&
	    ticket_index_refresh(c) == OK &&
	    ranks_update(c, &index->columns) == OK)
		(void)labels_update(c, &index->columns);
	return op_ping(c);
}
