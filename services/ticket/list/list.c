/* Reading what a request wants of a list. */
#include "services/ticket/list/list.h"

#include "services/ticket/index/labels.h"
#include "services/ticket/index/ranks.h"
#include "services/ticket/seen/unread.h"

/* Search for `content`, and bring the labels up to date if they are needed. */
static enum err
search_list(struct call *c, struct searches *searches, struct list *l)
{
	enum err	e = OK;

	if (args_has(&c->request.args, KEY_CONTENT))
		e = search_run(searches, c, l->columns,
		    l->sorting.by == SORT_RELEVANCE, &l->found);
	if (e == OK && l->sorting.by == SORT_TITLE)
		e = labels_update(c, l->columns);
	return e;
}

enum err
list_read(struct call *c, struct list *ret)
{
	struct ticket_index	*index = ticket_index_of(c);
	enum err		 e = ticket_index_refresh(c);

	*ret = (struct list){ .columns = &index->columns,
	    .bitmaps = &index->bitmaps };
	if (e == OK)
		e = sorting_read(c, &ret->sorting);
	if (e == OK)
		e = ranks_update(c, ret->columns);
	if (e == OK)
		e = filter_read(c, ret->columns, &ret->filter);
	if (e == OK)
		e = unread_read(c, ret->columns, &ret->filter);
	if (e == OK)
		e = search_list(c, &index->searches, ret);
	if (e == OK)
		e = position_read(c, ret->columns, &ret->sorting,
		    &ret->position);
	return e;
}

void
list_done(struct list *l)
{
	filter_done(&l->filter);
}
