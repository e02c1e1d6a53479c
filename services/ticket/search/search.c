/* Searches: beside the loop, and taking their results over on it. */
#include "services/ticket/search/search.h"

#include <stdlib.h>

#include "services/ticket/search/find.h"
#include "services/ticket/search/follow.h"
#include "services/ticket/search/snippet.h"
#include "services/ticket/ticket.h"

#define TOO_LONG	"content: this search takes longer than a search " \
			"may. Look for fewer or longer words, for longer " \
			"beginnings of words, or for a phrase of rarer words."

void
searches_done(struct searches *s)
{
	results_done(&s->results);
	query_done(&s->query);
	buf_done(&s->snippet);
}

/* --- searching, on any thread --------------------------------------------- */

/* Which state of the store the call's transaction sees. */
static enum err
read_store_state(struct call *c, struct result *r)
{
	struct change_bounds	bounds;
	enum err		e = columns_bounds(c, &bounds);

	r->stream = c->session->stream;
	r->seq = bounds.last;
	return e;
}

static enum err
fill_result(struct call *c, const struct query *q, bool scored,
    struct result *r)
{
	enum err	e = read_store_state(c, r);

	buf_put(&r->content, q->content.base, q->content.len);
	if (e == OK)
		e = find_tickets(c, q, scored, &r->found);
	return e == OK && op_is_over(c) ? ERR_EXPIRED : e;
}

static enum err
make_result(struct call *c, const struct query *q, bool scored,
    struct result **ret)
{
	struct result	*r = must_alloc(sizeof(*r));
	enum err	 e = fill_result(c, q, scored, r);

	*ret = e == OK ? r : NULL;
	if (e == OK)
		return OK;
	result_free(r);
	return c->session->over ? op_refuse(c, ERR_EXPIRED, TOO_LONG) : e;
}

/* A ticket's number finds it first, unless another order is asked for. */
bool
search_is_scored(const struct args *args)
{
	return args_has(args, KEY_SORT) ? text_same(args_text(args, KEY_SORT),
	    TEXT_OF("relevance")) : query_ticket(args_text(args,
	    KEY_CONTENT)) != 0;
}

enum err
search_aside(struct call *c)
{
	const struct args	*args = &c->request.args;
	bool			 scored = search_is_scored(args);
	struct query		 q = { .count = 0 };
	struct result		*r = NULL;
	const char		*wrong;
	enum err		 e = OK;

	wrong = query_parse(args_text(args, KEY_CONTENT), &q);
	if (wrong != NULL)
		e = op_fault(c, FAULT_INVALID, KEY_CONTENT,
		    op_refuse(c, ERR_BAD_REQUEST, wrong));
	else if (results_among(c->made, &q.content, scored) == NULL)
		e = make_result(c, &q, scored, &r);
	query_done(&q);
	if (r != NULL) {
		r->next = c->made;
		c->made = r;
	}
	return e;
}

void
search_unmake(void *made)
{
	results_free(made);
}

/* --- on the loop ---------------------------------------------------------- */

void
search_take(struct searches *s, struct call *c)
{
	results_take(&s->results, c->made);
	c->made = NULL;
}

/*
 * The result of the last query. One that is kept is brought up to date, if that
 * is simple; NULL: it has to be searched for.
 */
static enum err
find_result(struct searches *s, struct call *c, const struct columns *k,
    bool scored, struct result **ret)
{
	const struct buf	*content = &s->query.content;
	struct result		*kept;
	bool			 follows;
	enum err		 e;

	*ret = results_find(&s->results, k, content, scored);
	if (*ret != NULL || scored)
		return OK;
	kept = results_kept(&s->results, content);
	if (kept == NULL)
		return OK;
	e = follow_changes(c, &s->query, k, kept, &follows);
	if (e == OK && follows)
		*ret = results_find(&s->results, k, content, scored);
	return e;
}

/* An answer with a note is not kept as one that is without. */
static void
put_note(struct call *c, const struct query *q)
{
	const char	*note = query_notes(q);

	if (note == NULL)
		return;
	args_put_text(&c->answer.extra, KEY_NOTE, text_of(note));
	c->passing = true;
}

enum err
search_run(struct searches *s, struct call *c, const struct columns *k,
    bool scored, struct found **ret)
{
	struct result	*r;
	const char	*wrong;
	enum err	 e;

	wrong = query_parse(args_text(&c->request.args, KEY_CONTENT),
	    &s->query);
	if (wrong != NULL)
		return op_fault(c, FAULT_INVALID, KEY_CONTENT,
		    op_refuse(c, ERR_BAD_REQUEST, wrong));
	e = find_result(s, c, k, scored, &r);
	if (e != OK)
		return e;
	if (r == NULL && c->session->may_put_aside)
		return op_put_aside(c);
	if (r == NULL) {
		e = make_result(c, &s->query, scored, &r);
		if (e != OK)
			return e;
		results_keep(&s->results, r);
	}
	c->passing = c->passing || !result_is_current(r, k);
	put_note(c, &s->query);
	*ret = &r->found;
	return OK;
}

enum err
search_show(struct searches *s, struct call *c, int64_t ticket_id,
    struct text *ret)
{
	struct stmt	st = op_stmt(c, SQL_TICKET_TEXTS);

	stmt_bind_number(&st, KEY_ID, ticket_id);
	s->snippet.len = 0;
	*ret = (struct text){ NULL, 0 };
	if (stmt_next(&st) && snippet_put(&s->snippet, &s->query,
	    stmt_text(&st, 0), stmt_text(&st, 1)))
		*ret = buf_text(&s->snippet);
	return op_end(c, &st, OK);
}
