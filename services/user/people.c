/*
 * A page is chosen in two steps: the ids of its users in order, then their rows.
 * The words of all users are in the table user_words. Those that begin with the
 * longest word that is looked for are read there; the other words are compared
 * with the users' own (search_form).
 */
#include "services/user/people.h"

#include <string.h>

#include "base/json.h"
#include "base/line.h"
#include "base/number.h"
#include "base/words.h"

#define FEW_MOST	1000	/* words that the loop has time for */
#define LOOK_ROWS	16	/* the clock is read each so many rows */

/* An order, and the statements of it: of all users, and of those that are found. */
struct order {
	const char	*name;
	int		 all;
	int		 found;
};

#define ORDERS(ORDER) \
	ORDER("id", ID) ORDER("id_desc", ID_DESC) \
	ORDER("name", NAME) ORDER("name_desc", NAME_DESC) \
	ORDER("username", USERNAME) ORDER("username_desc", USERNAME_DESC) \
	ORDER("email", EMAIL) ORDER("email_desc", EMAIL_DESC)
#define NAMES		"id, name, username, email"

static const struct order orders[] = {
#define ORDER(name, NAME) \
	{ name, SQL_USERS_ALL_BY_##NAME, SQL_USERS_FOUND_BY_##NAME },
	ORDERS(ORDER)
#undef ORDER
	{ 0 }
};

const char *const	people_sorts[] = {
#define ORDER(name, NAME) name,
	ORDERS(ORDER)
#undef ORDER
	NULL
};

/* The question for a page, and its answer. */
struct people {
	const struct order	*order;
	bool			 by_words;
	struct buf		 words;		/* a JSON array */
	struct buf		 longest;	/* of them */
	bool			 by_ids;
	struct buf		 wanted;	/* ids, a JSON array */
	bool			 disabled;	/* only users that are */
	int64_t			 from, to;	/* places of the page */
	struct buf		 page;		/* ids, a JSON array */
	int64_t			 total;
};

static void
end_people(struct people *p)
{
	buf_done(&p->words);
	buf_done(&p->longest);
	buf_done(&p->wanted);
	buf_done(&p->page);
}

/* --- the question ---------------------------------------------------------- */

static enum err
read_order(struct call *c, struct people *p)
{
	struct text	name = args_text(&c->request.args, KEY_SORT);

	p->order = &orders[0];
	if (!args_has(&c->request.args, KEY_SORT))
		return OK;
	for (p->order = orders; p->order->name != NULL; p->order++)
		if (text_same(name, text_of(p->order->name)))
			return OK;
	return op_fault(c, FAULT_INVALID, KEY_SORT,
	    op_refusef(c, ERR_BAD_REQUEST, "sort: there is no \"%.*s\". There "
	    "are " NAMES "; _desc turns one around.",
	    name.len > 40 ? 40 : (int)name.len, name.base));
}

static bool
take_word(void *arg, const struct word_cut *word)
{
	struct people	*p = arg;

	buf_put_byte(&p->words, p->words.len == 0 ? '[' : ',');
	json_put_text(&p->words, word->form);
	if (word->form.len <= p->longest.len)
		return true;
	p->longest.len = 0;
	buf_put(&p->longest, word->form.base, word->form.len);
	return true;
}

/* Blanks alone ask for nothing, as an empty parameter does. */
static enum err
read_words(struct call *c, struct people *p)
{
	struct text	q = line_trim(args_text(&c->request.args, KEY_Q));
	int64_t		characters = text_characters(q);

	if (characters == -1)
		return op_fault(c, FAULT_BAD_CHARACTER, KEY_Q,
		    op_refuse(c, ERR_BAD_REQUEST, "q is not UTF-8."));
	if (characters > PEOPLE_Q_MOST)
		return op_fault(c, FAULT_TOO_LONG, KEY_Q,
		    op_refusef(c, ERR_BAD_REQUEST, "q must be at most %d "
		    "characters long, this one has %lld.", PEOPLE_Q_MOST,
		    (long long)characters));
	p->by_words = q.len > 0;
	words_cut(q, take_word, p);
	if (p->words.len > 0)
		buf_put_byte(&p->words, ']');
	return OK;
}

static enum err
refuse_ids(struct call *c, struct text value)
{
	return op_fault(c, FAULT_WRONG_TYPE, KEY_WANTED_IDS,
	    op_refusef(c, ERR_BAD_REQUEST, "ids: \"%.*s\" is not the id of a "
	    "user. Ids are whole numbers with commas between them.",
	    value.len > 40 ? 40 : (int)value.len, value.base));
}

static enum err
read_ids(struct call *c, struct people *p)
{
	struct text	left = args_text(&c->request.args, KEY_WANTED_IDS);
	struct text	value;
	const char	*comma;
	int64_t		id;

	p->by_ids = args_has(&c->request.args, KEY_WANTED_IDS);
	for (int count = 1; p->by_ids; count++) {
		comma = memchr(left.base, ',', left.len);
		value = left;
		if (comma != NULL)
			value.len = (size_t)(comma - left.base);
		if (!number_read(line_trim(value), INT64_MIN, INT64_MAX, &id))
			return refuse_ids(c, value);
		if (count > PEOPLE_IDS_MOST)
			return op_fault(c, FAULT_TOO_MANY, KEY_WANTED_IDS,
			    op_refusef(c, ERR_BAD_REQUEST, "ids: at most %d "
			    "can be given.", PEOPLE_IDS_MOST));
		buf_put_byte(&p->wanted, p->wanted.len == 0 ? '[' : ',');
		json_put_number(&p->wanted, id);
		if (comma == NULL)
			break;
		left.base += value.len + 1;
		left.len -= value.len + 1;
	}
	if (p->by_ids)
		buf_put_byte(&p->wanted, ']');
	return OK;
}

/* Whether a user is disabled is for admins to see. */
static enum err
read_disabled(struct call *c, struct people *p)
{
	p->disabled = args_number(&c->request.args, KEY_DISABLED, 0) != 0;
	if (!p->disabled || (c->request.rights & RIGHT_ADMIN) != 0)
		return OK;
	return op_fault(c, FAULT_FORBIDDEN, KEY_DISABLED,
	    op_refuse(c, ERR_FORBIDDEN, "disabled: only members of the group "
	    "flicket_admin may list disabled users."));
}

static enum err
read_question(struct call *c, struct people *p)
{
	enum err	e = read_order(c, p);

	if (e == OK)
		e = read_words(c, p);
	if (e == OK)
		e = read_ids(c, p);
	return e != OK ? e : read_disabled(c, p);
}

/* --- which users they are -------------------------------------------------- */

static void
add_to_page(struct people *p, const struct stmt *st)
{
	buf_put_byte(&p->page, p->page.len == 0 ? '[' : ',');
	json_put_number(&p->page, stmt_number(st, 0));
}

/* Begin a run with what the users are found by. */
static struct stmt
begin_found(struct call *c, const struct people *p, int sql)
{
	struct stmt	st = op_stmt(c, sql);

	if (p->by_ids)
		stmt_bind_text(&st, KEY_IDS, buf_text(&p->wanted));
	if (p->by_words) {
		stmt_bind_text(&st, KEY_MATCH, buf_text(&p->longest));
		stmt_bind_text(&st, KEY_DATA, buf_text(&p->words));
	}
	return st;
}

/* On the loop: put the call aside if so many words begin with the longest one
 * that they take long. */
static enum err
check_few(struct call *c, const struct people *p)
{
	struct stmt	st;
	int64_t		count = 0;
	enum err	e;

	if (!p->by_words || p->by_ids || !c->session->may_put_aside)
		return OK;
	st = op_stmt(c, SQL_USER_WORDS_COUNT);
	stmt_bind_text(&st, KEY_MATCH, buf_text(&p->longest));
	stmt_bind_number(&st, KEY_LIMIT, FEW_MOST);
	if (stmt_next(&st))
		count = stmt_number(&st, 0);
	e = op_end(c, &st, OK);
	return e == OK && count == FEW_MOST ? op_put_aside(c) : e;
}

/* Count all that are found, and take those of the page. */
static enum err
find_some(struct call *c, struct people *p)
{
	struct stmt	st;
	enum err	e = check_few(c, p);

	if (e != OK)
		return e;
	st = begin_found(c, p, p->order->found);
	while (e == OK && stmt_next(&st)) {
		if (p->total >= p->from && p->total < p->to)
			add_to_page(p, &st);
		if (++p->total % LOOK_ROWS == 0 && op_is_over(c))
			e = op_put_aside(c);
	}
	return op_end(c, &st, e);
}

static int
count_of_all(const struct args *args)
{
	if (args_has(args, KEY_NAME))
		return SQL_USERS_COUNT_NAMED;
	return args_has(args, KEY_DISABLED) ? SQL_USERS_COUNT_ENABLED :
	    SQL_USER_COUNT;
}

static enum err
find_all(struct call *c, struct people *p)
{
	struct stmt	st = op_stmt(c, count_of_all(&c->request.args));
	enum err	e;

	if (stmt_next(&st))
		p->total = stmt_number(&st, 0);
	e = op_end(c, &st, OK);
	if (e != OK)
		return e;
	st = op_stmt(c, p->order->all);
	stmt_bind_number(&st, KEY_OFFSET, p->from);
	stmt_bind_number(&st, KEY_LIMIT, p->to - p->from);
	while (stmt_next(&st))
		add_to_page(p, &st);
	return op_end(c, &st, OK);
}

/* Words without a letter or digit find nobody. */
static enum err
find_users(struct call *c, struct people *p)
{
	if (p->by_words && p->words.len == 0)
		return OK;
	return p->by_words || p->by_ids || p->disabled ? find_some(c, p) :
	    find_all(c, p);
}

/* --- their rows ------------------------------------------------------------ */

static enum err
put_users(struct call *c, const struct people *p)
{
	struct stmt	st = op_stmt(c, args_has(&c->request.args, KEY_FIELDS) ?
			    SQL_USERS_SHOWN_FIELDS : SQL_USERS_SHOWN);

	stmt_bind_text(&st, KEY_IDS, buf_text(&p->page));
	return op_put_rows(c, &st);
}

static enum err
answer_page(struct call *c, struct people *p)
{
	c->answer.total = p->total;
	c->answer.tag = op_mix_tags(c->session->stream, p->total);
	if (p->from > 0 && p->from >= p->total)
		return ERR_NOT_FOUND;
	buf_put_text(&p->page, p->page.len == 0 ? "[]" : "]");
	return put_users(c, p);
}

/* The place of the page. A page whose place is too large for a number does not
 * exist. */
static enum err
find_place(struct call *c, struct people *p)
{
	const struct args	*args = &c->request.args;
	int64_t			 page = args_number(args, KEY_PAGE, 0);
	int64_t			 per_page = args_number(args, KEY_PER_PAGE, 0);

	if (page < 1 || per_page < 1 ||
	    __builtin_mul_overflow(page - 1, per_page, &p->from) ||
	    __builtin_add_overflow(p->from, per_page, &p->to))
		return ERR_NOT_FOUND;
	return OK;
}

enum err
people_list(struct call *c)
{
	struct people	p = { 0 };
	enum err	e;

	if (!args_has_any(&c->request.args, K(Q, WANTED_IDS, DISABLED, SORT)))
		return op_page(c);
	e = find_place(c, &p);
	if (e == OK)
		e = read_question(c, &p);
	if (e == OK)
		e = find_users(c, &p);
	if (e == OK)
		e = answer_page(c, &p);
	end_people(&p);
	return e;
}
