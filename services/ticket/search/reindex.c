/*
 * Giving all texts the form of this program's words, and saying how far that
 * is. The tickets' own texts are here. Those of replies are the post service's:
 * it is asked for some, tells each, then says up to which it told, and is asked
 * for more. So the events of new replies wait behind a few of these at most.
 */
#include "services/ticket/search/reindex.h"

#include "base/clock.h"
#include "base/log.h"
#include "services/ticket/ticket.h"

#define SAY_MS	10000

/* The row of search_form. */
struct form {
	bool	is_own;		/* it is of this program's words */
	bool	tickets_left, replies_left;
	int64_t	post_id;
};

/* When progress was logged last; the writer lane is the only thread. */
static int64_t	said_ms;

static enum err
read_form(struct call *c, struct form *ret)
{
	struct stmt	st = op_stmt(c, SQL_FORM_FIND);

	*ret = (struct form){ 0 };
	if (stmt_next(&st)) {
		ret->is_own = stmt_number(&st, 0) != 0;
		ret->tickets_left = !stmt_is_null(&st, 1);
		ret->replies_left = !stmt_is_null(&st, 2);
		ret->post_id = stmt_number(&st, 2);
	}
	return op_end(c, &st, OK);
}

enum err
reindex_is_under_way(struct call *c, bool *ret)
{
	struct form	f;
	enum err	e = read_form(c, &f);

	*ret = f.replies_left;
	return e;
}

static enum err
say_progress(struct call *c)
{
	struct stmt	st;

	if (said_ms != 0 && clock_ms() - said_ms < SAY_MS)
		return OK;
	said_ms = clock_ms();
	st = op_stmt(c, SQL_FORM_LEFT);
	if (stmt_next(&st))
		log_info("search index: %lld tickets and %lld replies are "
		    "left to be indexed anew", (long long)stmt_number(&st, 0),
		    (long long)stmt_number(&st, 1));
	return op_end(c, &st, OK);
}

static enum err
enter_tickets(struct call *c)
{
	enum err	e = op_change(c, SQL_TICKETS_ENTER, NULL);

	if (e == OK)
		e = op_change(c, SQL_TICKETS_ENTERED, NULL);
	return e != OK ? e : say_progress(c);
}

/* Have the post service tell the texts of replies after that one. */
static enum err
ask_for_replies(struct call *c, int64_t post_id)
{
	struct args	own = { 0 };

	args_put_number(&own, KEY_POST_ID, post_id);
	return op_emit(c, OP_POST_TEXTS_WANTED, &own);
}

enum err
reindex_run(struct call *c)
{
	struct form	f;
	enum err	e = read_form(c, &f);

	if (e != OK)
		return e;
	c->answer.total = !f.is_own || f.tickets_left;
	if (!f.is_own)
		return op_change(c, SQL_FORM_TAKE, NULL);
	if (f.tickets_left)
		return enter_tickets(c);
	return f.replies_left ? ask_for_replies(c, f.post_id) : OK;
}

/*
 * The answer to what was asked before this process started, or of another form,
 * does not fit the row: what it began is asked for once more, or is done.
 */
enum err
reindex_told(struct call *c)
{
	int64_t		last = args_number(&c->request.args, KEY_ID, 0);
	int		fits = 0;
	enum err	e = op_change(c, SQL_REPLIES_ENTERED, &fits);

	if (e != OK || !fits)
		return e;
	if (last == 0) {
		log_info("search index: all texts were indexed anew");
		return OK;
	}
	e = say_progress(c);
	return e != OK ? e : ask_for_replies(c, last);
}
