/* services/ticket/seen/, marks.c, and the milestones of tickets. */
#include "tickets.h"

#include <stdio.h>

#include "services/ticket/seen/seen.h"
#include "services/ticket/ticket.h"

#define AUTHOR	3
#define OTHER	4

static int64_t	seq, post;

/* Tickets 1 to 4, which users 3 and 4 knew before, then 5 to 9. */
static int
open_desk(void **state)
{
	desk_set_up(state);
	seq = post = 0;
	for (int i = 1; i < 10; i++) {
		if (i == 5)
			run("INSERT INTO user_names (id, name, username) "
			    "VALUES (3, 'c', 'c'), (4, 'd', 'd')");
		run("INSERT INTO tickets (title, content, started_id, "
		    "date_added, last_updated, status_id, category_id, "
		    "ticket_priority_id) VALUES ('a', 'b', %d, %d, 10, 1, 1, "
		    "1)", AUTHOR, i);
	}
	return 0;
}

/* An event of the post service about a reply. */
static void
tell(enum op_code op, int64_t ticket, int64_t author, int64_t date)
{
	struct call	c;
	struct args	*args = &c.request.args;

	desk_begin(&c, op);
	args_put_number(args, KEY_SOURCE, SERVICE_POST);
	args_put_number(args, KEY_STREAM, 7);
	args_put_number(args, KEY_SEQ, ++seq);
	args_put_number(args, KEY_TICKET_ID, ticket);
	args_put_number(args, KEY_POST_ID, post);
	args_put_text(args, KEY_CONTENT, TEXT_OF("words"));
	args_put_text(args, KEY_OLD_CONTENT, TEXT_OF("words"));
	args_put_number(args, KEY_HOURS, 0);
	args_put_number(args, KEY_OLD_HOURS, 0);
	args_put_number(args, KEY_AUTHOR_ID, author);
	args_put_number(args, KEY_DATE, date);
	check_number("told", desk_call(&desk, &c), OK);
	desk_end(&c);
}

static void
reply(int64_t ticket, int64_t author, int64_t date)
{
	post++;
	tell(OP_TICKET_REPLIED, ticket, author, date);
}

static enum err
write_as(int64_t user, enum op_code op, int64_t ticket, int64_t post_id)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, op);
	c.request.actor = user;
	c.request.rights = RIGHT_ADMIN;
	args_put_number(&c.request.args, KEY_ID, ticket);
	if (op == OP_TICKET_SEEN)
		args_put_number(&c.request.args, KEY_POST_ID, post_id);
	e = desk_call(&desk, &c);
	desk_end(&c);
	return e;
}

static void
see(int64_t user, int64_t ticket, int64_t post_id)
{
	check_number("seen", write_as(user, OP_TICKET_SEEN, ticket, post_id),
	    OK);
}

/* What a list of the unread has, which a list of all with marks says, too. */
static void
check_unread(const char *when, int64_t user, const char *want)
{
	struct call	c;
	struct args	*args = &c.request.args;
	struct buf	marked = { 0 };
	const char	*at;

	desk_begin(&c, OP_TICKET_LIST);
	c.request.actor = user;
	args_put_number(args, KEY_PAGE, 1);
	args_put_number(args, KEY_PER_PAGE, 100);
	args_put_text(args, KEY_FIELDS, TEXT_OF("id"));
	args_put_text(args, KEY_UNREAD, TEXT_OF("me"));
	check_number(when, desk_call(&desk, &c), OK);
	check_text(when, buf_text(&c.fragment), text_of(want));
	desk_end(&c);

	desk_begin(&c, OP_TICKET_LIST);
	c.request.actor = user;
	args_put_number(args, KEY_PAGE, 1);
	args_put_number(args, KEY_PER_PAGE, 100);
	args_put_text(args, KEY_FIELDS, TEXT_OF("id,unread"));
	check_number(when, desk_call(&desk, &c), OK);
	buf_put_byte(&c.fragment, '\0');
	buf_put_byte(&marked, '[');
	/* ids have one digit */
	for (at = c.fragment.base; (at = strstr(at, "{\"id\":")) != NULL; at++)
		if (strncmp(at + 7, ",\"unread\":true", 14) == 0)
			buf_printf(&marked, "%s%.7s}", marked.len > 1 ? "," :
			    "", at);
	buf_put_byte(&marked, ']');
	check_text(when, buf_text(&marked), text_of(want));
	buf_done(&marked);
	desk_end(&c);
}

/* --- what is unread ------------------------------------------------------- */

static void
what_is_new_is_unread_until_it_is_seen(void **state)
{
	(void)state;
	check_unread("new ones", OTHER, "[{\"id\":5},{\"id\":6},{\"id\":7},"
	    "{\"id\":8},{\"id\":9}]");
	check_unread("own ones", AUTHOR, "[]");
	for (int i = 5; i < 9; i++)
		see(OTHER, i, 0);
	check_unread("one is left", OTHER, "[{\"id\":9}]");
	see(OTHER, 9, 0);
	reply(2, AUTHOR, 20);
	reply(6, AUTHOR, 21);
	check_unread("replies", OTHER, "[{\"id\":2},{\"id\":6}]");
	check_unread("own replies", AUTHOR, "[]");
	see(OTHER, 6, post);
	check_unread("an old one", OTHER, "[{\"id\":2}]");
	reply(6, OTHER, 22);
	check_unread("his own", OTHER, "[{\"id\":2}]");
	check_unread("the other's", AUTHOR, "[{\"id\":6}]");
	see(AUTHOR, 6, post - 1);
	check_unread("not up to the last", AUTHOR, "[{\"id\":6}]");
	see(AUTHOR, 6, post);
	see(AUTHOR, 6, 1);
	check_unread("nothing becomes new again", AUTHOR, "[]");
	check_number("another's ticket", write_as(OTHER, OP_TICKET_SEEN, 99, 0),
	    ERR_NOT_FOUND);
}

static void
own_writes_count_as_seen(void **state)
{
	(void)state;
	check_number("claimed", write_as(OTHER, OP_TICKET_CLAIM, 5, 0), OK);
	check_number("closed", write_as(OTHER, OP_TICKET_CLOSE, 6, 0), OK);
	check_unread("the others", OTHER, "[{\"id\":7},{\"id\":8},"
	    "{\"id\":9}]");
}

static void
a_deleted_reply_is_not_new(void **state)
{
	(void)state;
	for (int i = 5; i < 10; i++)
		see(OTHER, i, 0);
	reply(5, AUTHOR, 20);
	see(OTHER, 5, post);
	reply(5, AUTHOR, 21);
	check_unread("a second one", OTHER, "[{\"id\":5}]");
	tell(OP_TICKET_REPLY_DELETED, 5, AUTHOR, 22);
	check_unread("it is deleted", OTHER, "[]");
	post++;
	check_number("newest", desk_number(&desk, "SELECT newest_post FROM "
	    "milestones WHERE ticket_id = 5"), 1);
}

/* An id from nowhere does not hide what comes. */
static void
a_made_up_reply_hides_nothing(void **state)
{
	(void)state;
	see(OTHER, 5, INT64_MAX);
	see(OTHER, 6, INT64_MIN);
	post = 5000;
	reply(5, AUTHOR, 20);
	check_unread("replied", OTHER, "[{\"id\":5},{\"id\":7},{\"id\":8},"
	    "{\"id\":9}]");
}

/* Tickets 10 to 6000, of which the other has seen as many as one may. */
static void
fill_rows(void)
{
	run("WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 6000) INSERT INTO tickets (id, title, started_id) "
	    "SELECT i, 'a', 3 FROM n");
	run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < 5001) INSERT INTO seen SELECT 4, 9 + i, i FROM n");
}

static void
rows_are_bounded(void **state)
{
	(void)state;
	fill_rows();
	run("INSERT INTO seen SELECT 3, ticket_id, post_id FROM seen LIMIT 9");
	see(OTHER, 5, 0);
	check_true("fewer", desk_number(&desk, "SELECT count(*) FROM seen "
	    "WHERE user_id = 4") < 2600);
	check_true("the mark", desk_number(&desk, "SELECT ticket_id FROM "
	    "seen_marks WHERE user_id = 4") > 2400);
	check_number("nothing that was seen is new", desk_number(&desk,
	    "SELECT count(*) FROM tickets t WHERE id BETWEEN 10 AND 5010 AND "
	    "id > (SELECT ticket_id FROM seen_marks WHERE user_id = 4) AND "
	    "NOT EXISTS (SELECT 1 FROM seen WHERE user_id = 4 AND "
	    "ticket_id = t.id)"), 0);
	check_number("another's", desk_number(&desk, "SELECT count(*) FROM "
	    "seen WHERE user_id = 3"), 9);
}

static void
rows_of_a_user_who_only_writes_are_bounded(void **state)
{
	(void)state;
	fill_rows();
	check_number("claimed", write_as(OTHER, OP_TICKET_CLAIM, 5, 0), OK);
	check_true("fewer", desk_number(&desk, "SELECT count(*) FROM seen "
	    "WHERE user_id = 4") < 2600);
	check_number("the mark", desk_number(&desk, "SELECT count(*) FROM "
	    "seen_marks WHERE user_id = 4 AND ticket_id > 2400"), 1);
}

static void
who_or_what_is_gone_leaves_no_row(void **state)
{
	(void)state;
	see(OTHER, 5, 0);
	see(OTHER, 6, 0);
	check_number("deleted", write_as(1, OP_TICKET_DELETE, 5, 0), OK);
	check_number("of the ticket", desk_number(&desk, "SELECT count(*) "
	    "FROM seen WHERE ticket_id = 5"), 0);
	run("DELETE FROM user_names WHERE id = 4");
	check_number("of the user", desk_number(&desk, "SELECT (SELECT "
	    "count(*) FROM seen) + (SELECT count(*) FROM seen_marks WHERE "
	    "user_id = 4)"), 0);
}

/* --- milestones ------------------------------------------------------------ */

static int64_t
milestone(const char *column, int64_t ticket)
{
	char	sql[120];

	snprintf(sql, sizeof(sql), "SELECT ifnull((SELECT %s FROM milestones "
	    "WHERE ticket_id = %lld), -1)", column, (long long)ticket);
	return desk_number(&desk, sql);
}

static void
the_first_reply_is_another_ones(void **state)
{
	(void)state;
	reply(1, AUTHOR, 100);
	check_number("the author's own", milestone("first_reply", 1), -1);
	reply(1, OTHER, 200);
	reply(1, OTHER, 300);
	reply(1, AUTHOR, 400);
	check_number("first", milestone("first_reply", 1), 200);
	post++;
	tell(OP_TICKET_REPLY_KNOWN, 2, OTHER, 0);
	reply(2, OTHER, 500);
	check_number("of earlier times", milestone("first_reply", 2), 0);
}

static void
a_ticket_was_closed_while_it_is(void **state)
{
	(void)state;
	check_number("open", milestone("closed_at", 5), -1);
	check_number("closed", write_as(1, OP_TICKET_CLOSE, 5, 0), OK);
	check_true("closed", milestone("closed_at", 5) > 10);
	check_number("as updated", milestone("closed_at", 5), desk_number(&desk,
	    "SELECT last_updated FROM tickets WHERE id = 5"));
	reply(5, OTHER, 100);
	check_number("reopened", milestone("closed_at", 5), -1);
	check_number("again", write_as(1, OP_TICKET_CLOSE, 5, 0), OK);
	check_number("deleted", write_as(1, OP_TICKET_DELETE, 5, 0), OK);
	check_number("no row", desk_number(&desk, "SELECT count(*) FROM "
	    "milestones WHERE ticket_id = 5"), 0);
}

/* --- tags ------------------------------------------------------------------ */

/* Read a ticket; tag: what the client has, then that of the answer. */
static void
check_read(const char *fields, int64_t *tag, int64_t want_variant,
    bool want_whole)
{
	struct call	c;
	char		tags[32];

	snprintf(tags, sizeof(tags), "\"%016llx\"", (unsigned long long)*tag);
	desk_begin(&c, OP_TICKET_GET);
	c.request.actor = OTHER;
	args_put_number(&c.request.args, KEY_ID, 5);
	args_put_text(&c.request.args, KEY_FIELDS, text_of(fields));
	args_put_text(&c.request.args, KEY_IF_NONE_MATCH, text_of(tags));
	check_number(fields, desk_call(&desk, &c), OK);
	check_number(fields, args_number(&c.answer.extra, KEY_VARIANT, -1),
	    want_variant);
	check_number(fields, c.fragment.len > 0, want_whole);
	*tag = c.answer.tag;
	desk_end(&c);
}

static void
a_tag_is_not_that_of_a_variant(void **state)
{
	int64_t	tag = 0, same;

	(void)state;
	check_read("id", &tag, -1, true);
	check_read("id", &tag, -1, false);
	same = tag;
	check_read("id,unread", &tag, 1, true);
	check_read("id,unread", &tag, 1, true);
	see(OTHER, 5, 0);
	check_read("id,unread", &tag, 0, true);
	check_number("the ticket's", tag, same);
}

#define ON_TICKETS(sentence, f) \
	{ sentence, f, open_desk, desk_tear_down, (void *)&ticket_service }

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		ON_TICKETS("what is new is unread until it is seen",
		    what_is_new_is_unread_until_it_is_seen),
		ON_TICKETS("own writes count as seen",
		    own_writes_count_as_seen),
		ON_TICKETS("a deleted reply is not new",
		    a_deleted_reply_is_not_new),
		ON_TICKETS("a made-up reply hides nothing",
		    a_made_up_reply_hides_nothing),
		ON_TICKETS("rows are bounded", rows_are_bounded),
		ON_TICKETS("rows of a user who only writes are bounded",
		    rows_of_a_user_who_only_writes_are_bounded),
		ON_TICKETS("who or what is gone leaves no row",
		    who_or_what_is_gone_leaves_no_row),
		ON_TICKETS("the first reply is another one's",
		    the_first_reply_is_another_ones),
		ON_TICKETS("a ticket was closed while it is",
		    a_ticket_was_closed_while_it_is),
		ON_TICKETS("a tag is not that of a variant",
		    a_tag_is_not_that_of_a_variant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
