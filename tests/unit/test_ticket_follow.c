/* services/ticket/search/follow.c: results of searches that follow changes. */
#include "tickets.h"

#include "services/ticket/ticket.h"

#define TICKETS		60
#define ROW_OF_REPLY	"%d * 4294967296 + %d"

static const char *const	words[] = { "oak", "elm", "fir", "oak elm",
    "elm oak", "fir elm", "ash" };

/* What is searched for, and what FTS5 is asked for the same. */
static const struct search {
	const char	*content;
	const char	*match;		/* NULL: all tickets */
	const char	*excluded;	/* NULL: none */
	int		 ticket;
} searches[] = {
	{ "oak", "oak", NULL, 0 },
	{ "oak elm", "oak elm", NULL, 0 },
	{ "\"elm oak\"", "\"elm oak\"", NULL, 0 },
	{ "ash OR fir", "ash OR fir", NULL, 0 },
	{ "elm -oak", "elm", "oak", 0 },
	{ "-fir", NULL, "fir", 0 },
	{ "7", "7", NULL, 7 },
};

static const char *
any_word(void)
{
	return words[below(LEN(words))];
}

/* The text of a reply follows from its number. */
static const char *
reply_text(int post)
{
	return words[(unsigned)post % LEN(words)];
}

/* --- what is asked, and what SQL says -------------------------------------- */

static enum err
count_found(const char *content, int64_t *ret)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_TICKET_COUNTS);
	args_put_text(&c.request.args, KEY_CONTENT, text_of(content));
	e = desk_call(&desk, &c);
	*ret = c.answer.total;
	desk_end(&c);
	return e;
}

static void
put_matching(struct buf *sql, const char *match)
{
	buf_printf(sql, "(t.id IN (SELECT rowid FROM ticket_words WHERE "
	    "ticket_words MATCH '%s') OR t.id IN (SELECT rowid >> 32 FROM "
	    "reply_words WHERE reply_words MATCH '%s'))", match, match);
}

static int64_t
count_matching(const struct search *s)
{
	struct buf	sql = { 0 };
	int64_t		count;

	buf_printf(&sql, "SELECT count(*) FROM tickets t WHERE t.id = %d OR "
	    "(true", s->ticket);
	if (s->match != NULL) {
		buf_put_text(&sql, " AND ");
		put_matching(&sql, s->match);
	}
	if (s->excluded != NULL) {
		buf_put_text(&sql, " AND NOT ");
		put_matching(&sql, s->excluded);
	}
	buf_put(&sql, ")", 2);
	count = desk_number(&desk, sql.base);
	buf_done(&sql);
	return count;
}

static void
check_search(const struct search *s, bool follows)
{
	int64_t	have = 0;

	desk.session.may_put_aside = follows;
	check_number(s->content, count_found(s->content, &have), OK);
	check_number(s->content, have, count_matching(s));
}

/* --- changes --------------------------------------------------------------- */

static void
touch(int ticket)
{
	run("UPDATE tickets SET replies = replies + 1 WHERE id = %d", ticket);
}

static void
put_reply(int ticket, int post)
{
	run("INSERT INTO replies (post_id, ticket_id) VALUES (%d, %d)", post,
	    ticket);
	run("INSERT INTO reply_words (rowid, content) VALUES (" ROW_OF_REPLY
	    ", words(%Q))", ticket, post, reply_text(post));
	touch(ticket);
}

static void
lose_reply(void)
{
	int	post = (int)desk_number(&desk, "SELECT min(post_id) FROM "
		    "replies");
	int	ticket = (int)desk_number(&desk, "SELECT ticket_id FROM "
		    "replies ORDER BY post_id LIMIT 1");

	if (post <= 0)
		return;
	run("DELETE FROM replies WHERE post_id = %d", post);
	run("INSERT INTO reply_words (reply_words, rowid, content) VALUES "
	    "('delete', " ROW_OF_REPLY ", words(%Q))", ticket, post,
	    reply_text(post));
	touch(ticket);
}

static void
change_a_text(int post)
{
	switch (below(6)) {
	case 0:
		run("UPDATE tickets SET title = %Q WHERE id = %u", any_word(),
		    below(TICKETS) + 1);
		break;
	case 1:
		run("UPDATE tickets SET content = %Q, replies = replies + 1 "
		    "WHERE id = %u", any_word(), below(TICKETS) + 1);
		break;
	case 2:
		put_reply((int)below(TICKETS) + 1, post);
		break;
	case 3:
		lose_reply();
		break;
	case 4:
		run("DELETE FROM tickets WHERE id = %u", below(TICKETS) + 1);
		break;
	default:
		run("INSERT INTO tickets (title, content) VALUES (%Q, %Q)",
		    any_word(), any_word());
	}
}

static void
write_texts(void)
{
	for (int i = 0; i < TICKETS; i++)
		run("INSERT INTO tickets (title, content) VALUES (%Q, %Q)",
		    any_word(), any_word());
}

static void
results_follow_changes(void **state)
{
	(void)state;
	write_texts();
	/* three searches are kept at a time */
	for (size_t i = 0; i < LEN(searches); i++) {
		const struct search	*three[3];

		for (size_t n = 0; n < 3; n++) {
			three[n] = &searches[(i + n) % LEN(searches)];
			check_search(three[n], false);
		}
		for (int round = 0; round < 60; round++) {
			change_a_text((int)i * 100 + round + 1);
			for (size_t n = 0; n < 3; n++)
				check_search(three[n], true);
		}
	}
}

/* --- what cannot be followed ----------------------------------------------- */

static void
check_searched_anew(const char *what, const char *content)
{
	int64_t	count;

	desk.session.may_put_aside = true;
	check_number(what, count_found(content, &count), ERR_EXPIRED);
	desk.session.may_put_aside = false;
	check_number(what, count_found(content, &count), OK);
	desk.session.may_put_aside = true;
	check_number(what, count_found(content, &count), OK);
}

static void
what_takes_long_is_searched_anew(void **state)
{
	(void)state;
	write_texts();
	check_searched_anew("first", "oak");
	check_searched_anew("a beginning", "oa*");
	touch(1);
	check_searched_anew("a beginning after a change", "oa*");
	check_searched_anew("of a word that is excluded", "elm -oa*");
	touch(1);
	check_searched_anew("a change", "elm -oa*");
	run("INSERT INTO user_names (id, name) VALUES (9, 'a')");
	check_searched_anew("a name", "oak");
	run("UPDATE tickets SET replies = 1 WHERE id <= 33");
	check_searched_anew("many changes", "oak");
	run("UPDATE tickets SET replies = 2 WHERE id <= 32");
	desk.session.may_put_aside = true;
	check_search(&searches[0], true);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		ON_DESK(&ticket_service, "results follow changes",
		    results_follow_changes),
		ON_DESK(&ticket_service, "what takes long is searched anew",
		    what_takes_long_is_searched_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
