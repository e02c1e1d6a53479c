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
#define SORT(name, order, names, place, key1, key2) \
	{ name, SORT_##order, names, place, { key1, key2 } },
#define BEST(name, order) { name, SORT_##order },
#include "services/ticket/list/sorts.tbl"
#undef SORT
#undef BEST
};
#define SORTS	(sizeof(sorts) / sizeof(sorts[0]))

const char *const sorting_values[] = {
#define SORT(name, order, names, place, key1, key2) name, name "_desc",
#define BEST(name, order) name,
#include "services/ticket/list/sorts.tbl"
	NULL
#undef SORT
#undef BEST
};

/* For a message: each with a comma behind it, without the best first. */
static const char	all_names[] = ""
#define SORT(name, order, names, place, key1, key2) name ", "
#define BEST(name, order)
#include "services/ticket/list/sorts.tbl"
#undef SORT
#undef BEST
;

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
		    "\"%.*s\". There are %sand relevance with content; "
		    "_desc turns one around.", name.len > 40 ? 40 :
		    (int)name.len, name.base, all_names));
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
