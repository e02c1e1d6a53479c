/* The names of sorts. */
#include "services/ticket/list/sorting.h"

#include "services/ticket/search/search.h"
#include "services/ticket/ticket.h"

#define DESCENDING	0x80		/* in a cursor's sort */

static const struct sort_info {
	const char	*name;
	enum sort	 sort;
	int		 names;		/* as struct sorting has them */
	int		 place;
	enum key	 place_keys[2];
} sorts[] = {
	{ "priority", SORT_PRIORITY },
	{ "title", SORT_TITLE, SQL_TITLE_OF_TICKET, SQL_TITLE_FROM,
	    { KEY_TITLE, KEY_NONE } },
	{ "ticketid", SORT_ID },
	{ "addedby", SORT_AUTHOR, SQL_AUTHOR_OF_TICKET, SQL_USER_FROM,
	    { KEY_NAME, KEY_NONE } },
	{ "addedon", SORT_ADDED },
	{ "last_updated", SORT_UPDATED },
	{ "replies", SORT_REPLIES },
	{ "department_category", SORT_CATEGORY, SQL_CATEGORY_OF_TICKET,
	    SQL_CATEGORY_FROM, { KEY_DEPARTMENT, KEY_CATEGORY } },
	{ "status", SORT_STATUS },
	{ "assigned", SORT_ASSIGNED, SQL_ASSIGNEE_OF_TICKET, SQL_USER_FROM,
	    { KEY_NAME, KEY_NONE } },
	{ "time", SORT_HOURS },
	{ "relevance", SORT_RELEVANCE },
};
#define SORTS	(sizeof(sorts) / sizeof(sorts[0]))
#define NAMES	"priority, title, ticketid, addedby, addedon, last_updated, " \
		"replies, department_category, status, assigned, time"

static bool
is_sort_name(struct text t, const struct sort_info *info, bool *descending)
{
	size_t	len = strlen(info->name);

	if (t.len < len || memcmp(t.base, info->name, len) != 0)
		return false;
	*descending = t.len == len + 5 &&
	    memcmp(t.base + len, "_desc", 5) == 0;
	return t.len == len || *descending;
}

static const struct sort_info *
find_sort(struct text name, bool *descending)
{
	for (size_t i = 0; i < SORTS; i++)
		if (is_sort_name(name, &sorts[i], descending))
			return &sorts[i];
	return NULL;
}

enum err
sorting_read(struct call *c, struct sorting *ret)
{
	struct text		 name = args_text(&c->request.args, KEY_SORT);
	const struct sort_info	*info;

	if (!args_has(&c->request.args, KEY_SORT))
		name = search_is_scored(&c->request.args) ?
		    TEXT_OF("relevance") : TEXT_OF("ticketid");
	info = find_sort(name, &ret->descending);
	if (info == NULL)
		return op_fault(c, FAULT_INVALID, KEY_SORT,
		    op_refusef(c, ERR_BAD_REQUEST, "sort: there is no "
		    "\"%.*s\". There are %s, and relevance with content; "
		    "_desc turns one around.", name.len > 40 ? 40 :
		    (int)name.len, name.base, NAMES));
	ret->by = info->sort;
	ret->names = info->names;
	ret->place = info->place;
	memcpy(ret->place_keys, info->place_keys, sizeof(ret->place_keys));
	if (ret->by == SORT_RELEVANCE && (ret->descending ||
	    !args_has(&c->request.args, KEY_CONTENT)))
		return op_fault(c, FAULT_INVALID, KEY_SORT,
		    op_refuse(c, ERR_BAD_REQUEST, "sort: relevance needs "
		    "content, and has the best first; there is no _desc."));
	return OK;
}

uint8_t
sorting_number(const struct sorting *s)
{
	return (uint8_t)(s->by | (s->descending ? DESCENDING : 0));
}
