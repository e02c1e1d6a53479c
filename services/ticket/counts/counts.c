/* Counting the tickets of lists. */
#include "services/ticket/counts/counts.h"

#include "base/hash.h"
#include "base/json.h"
#include "services/ticket/counts/groups.h"
#include "services/ticket/counts/selection.h"
#include "services/ticket/counts/views.h"
#include "services/ticket/search/search.h"

/* --- lists ---------------------------------------------------------------- */

static enum err
put_facets(struct call *c, const struct list *l, const struct selection *s,
    unsigned facets)
{
	const struct columns	*k = l->columns;
	struct facet_counts	 counts;
	enum err		 e;

	if (facets == 0)
		return OK;
	if (selection_is_all(s))
		return groups_put(c, k, &k->facets.all, facets);
	selection_count(s, k, &counts);
	e = groups_put(c, k, &counts, facets);
	facet_counts_done(&counts);
	return e;
}

/* Count the list of a view, or, with NULL, the request's own. */
static enum err
count_list(struct call *c, const struct args *view, unsigned facets,
    int64_t *ret)
{
	struct args		had = views_enter(c, view);
	struct list		l;
	struct selection	s = { .count = 0 };
	enum err		e = list_read(c, &l);

	if (e == OK)
		selection_make(&l, &s);
	if (e == OK)
		e = put_facets(c, &l, &s, facets);
	*ret = (int64_t)s.count;
	selection_done(&s);
	list_done(&l);
	c->request.args = had;
	return e;
}

/* --- views ---------------------------------------------------------------- */

/*
 * A view that the list would refuse has no count: *ret is -1. The answer says
 * nothing of the refusal, nor what a search of the view notes.
 */
static enum err
count_view(struct call *c, const struct args *view, int64_t *ret)
{
	struct args	extra = c->answer.extra;
	enum err	e = args_has(view, KEY_ERROR) ?
			    ERR_BAD_REQUEST : count_list(c, view, 0, ret);

	if (e != OK && e != ERR_BAD_REQUEST)
		return e;
	if (e != OK)
		*ret = -1;
	c->answer.extra = extra;
	return OK;
}

static enum err
put_views(struct call *c, const struct views *views)
{
	struct buf	*b = &c->fragment;
	int64_t		 count = -1;
	enum err	 e = OK;

	buf_put_text(b, "\"views\":[");
	for (size_t i = 0; i < views->count && e == OK; i++) {
		e = count_view(c, &views->args[i], &count);
		if (i > 0)
			buf_put_byte(b, ',');
		if (count == -1)
			buf_put_text(b, "null");
		else
			json_put_number(b, count);
	}
	buf_put_byte(b, ']');
	return e;
}

/* --- the answer ----------------------------------------------------------- */

/* Whether the request is for views only. */
static bool
is_of_views(const struct args *args)
{
	return args_has(args, KEY_VIEWS) && !args_has_any(args,
	    K(FILTER_KEYS, CONTENT, BY));
}

static enum err
put_answer(struct call *c, const struct views *views, unsigned facets)
{
	const struct args	*args = &c->request.args;
	struct buf		*b = &c->fragment;
	enum err		 e = OK;

	buf_put_byte(b, '{');
	if (!is_of_views(args)) {
		e = count_list(c, NULL, facets, &c->answer.total);
		buf_put_text(b, "\"total\":");
		json_put_number(b, c->answer.total);
		if (args_has(args, KEY_VIEWS))
			buf_put_byte(b, ',');
	}
	if (e == OK && args_has(args, KEY_VIEWS))
		e = put_views(c, views);
	buf_put_byte(b, '}');
	return e;
}

enum err
ticket_counts(struct call *c)
{
	struct views	views;
	unsigned	facets = 0;
	enum err	e;

	search_take(&ticket_index_of(c)->searches, c);
	e = groups_read_by(c, &facets);
	if (e == OK)
		e = views_read(c, &views);
	if (e == OK)
		e = put_answer(c, &views, facets);
	if (e == OK)
		c->answer.tag = op_tag(c->session, (int64_t)hash_bytes(
		    HASH_START, c->fragment.base, c->fragment.len), 0);
	return e;
}

/* --- searches ------------------------------------------------------------- */

/* A view with a wrong search is left to count_view(). */
static enum err
search_view(struct call *c, const struct args *view)
{
	struct args	had = views_enter(c, view);
	enum err	e = OK;

	if (args_has(&c->request.args, KEY_CONTENT))
		e = search_aside(c);
	c->request.args = had;
	return view != NULL && e == ERR_BAD_REQUEST ? OK : e;
}

enum err
counts_aside(struct call *c)
{
	struct views	views;
	enum err	e = views_read(c, &views);

	if (e == OK)
		e = search_view(c, NULL);
	for (size_t i = 0; e == OK && i < views.count; i++)
		e = search_view(c, &views.args[i]);
	if (e == OK)
		return OK;
	search_unmake(c->made);
	c->made = NULL;
	return e;
}
