/* services/ticket/deletions.c: which deletions are forgotten, and when. */
#include "desk.h"

#include <sqlite3.h>

#include <stdio.h>
#include <time.h>

#include "services/store/now.h"
#include "services/store/store.h"
#include "services/ticket/deletions.h"

#define DAYS	90
#define DAY_US	(INT64_C(24) * 60 * 60 * 1000000)

static int64_t	ticket;		/* the next that can be deleted */

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &ticket_service);
	desk.settings.deleted_days = DAYS;
	deletions_start(&desk.settings);
	store_exec(desk.sqlite, "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL "
	    "SELECT i + 1 FROM n WHERE i < 9) INSERT INTO tickets (id, title, "
	    "content, started_id, status_id, category_id, ticket_priority_id) "
	    "SELECT i, 'a title', 'content', 1, 1, 1, 1 FROM n");
	ticket = 1;
	return 0;
}

/* So many deletions, of tickets from 1000 on, were noted that many days ago. */
static void
were_noted(int count, int days_ago)
{
	char	sql[400];

	snprintf(sql, sizeof(sql), "WITH RECURSIVE n(i) AS (VALUES (1) "
	    "UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	    "INSERT INTO deletions (ticket_id, date) SELECT 1000 + (SELECT "
	    "count(*) FROM deletions) + i, %lld FROM n", count,
	    (long long)(store_now() - days_ago * DAY_US));
	store_exec(desk.sqlite, sql);
}

static void
delete_ticket(void)
{
	struct call	c;

	desk_begin(&c, OP_TICKET_DELETE);
	c.request.rights = RIGHT_ADMIN;
	args_put_number(&c.request.args, KEY_ID, ticket++);
	check_number("deleted", desk_call(&desk, &c), OK);
	buf_done(&c.message);
	desk_end(&c);
}

/* Those of earlier days that are kept. */
static int64_t
kept(void)
{
	return desk_number(&desk, "SELECT count(*) FROM deletions "
	    "WHERE ticket_id >= 1000");
}

/* The number of the last one that was forgotten. */
static int64_t
forgotten(void)
{
	return desk_number(&desk, "SELECT seq FROM deletions_over");
}

/* Ask for those since a date that many days ago; 0: for all there are. */
static enum err
ask_since(int days_ago)
{
	struct call	c;
	enum err	e;
	char		date[40];
	time_t		then = (time_t)((store_now() - days_ago * DAY_US) /
			    1000000);
	struct tm	tm;

	desk_begin(&c, OP_TICKET_DELETIONS);
	gmtime_r(&then, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (days_ago != 0)
		args_put_text(&c.request.args, KEY_SINCE, text_of(date));
	e = desk_call(&desk, &c);
	desk_end(&c);
	return e;
}

/* A clock that was just set may be years ahead. */
static void
nothing_is_forgotten_by_a_new_clock(void **state)
{
	(void)state;
	were_noted(3, 2 * DAYS);
	delete_ticket();
	check_number("kept", kept(), 3);
	check_number("forgotten", forgotten(), 0);
	check_number("all are known", ask_since(3 * DAYS), OK);
}

static void
those_of_long_ago_are_forgotten(void **state)
{
	(void)state;
	unit_steady_clock();
	were_noted(3, DAYS + 10);
	were_noted(2, DAYS + 1);
	were_noted(4, DAYS - 1);
	delete_ticket();
	check_number("kept", kept(), 4);
	check_number("forgotten", forgotten(), 5);
	check_number("this one, too", desk_number(&desk,
	    "SELECT count(*) FROM deletions WHERE ticket_id = 1"), 1);
	check_number("what is there", ask_since(0), OK);
	check_number("since later", ask_since(DAYS), OK);
	check_number("since earlier", ask_since(DAYS + 5), ERR_SYNC_EXPIRED);
	delete_ticket();
	check_number("no more", forgotten(), 5);
}

/* Their order is that of the commits, whatever the clock was set to. */
static void
one_that_is_kept_keeps_those_behind_it(void **state)
{
	(void)state;
	unit_steady_clock();
	were_noted(2, DAYS + 20);
	were_noted(1, DAYS - 5);
	were_noted(3, DAYS + 20);
	delete_ticket();
	check_number("kept", kept(), 4);
	check_number("forgotten", forgotten(), 2);
}

static int
count_step(void *steps)
{
	++*(int64_t *)steps;
	return 0;
}

static void
ask_since_ever(void)
{
	check_number("since 40 years", ask_since(40 * 365), OK);
}

/* The hundreds of instructions of SQLite that something takes. */
static int64_t
steps_of(void (*run)(void))
{
	int64_t	steps = 0;

	sqlite3_progress_handler(desk.sqlite, 100, count_step, &steps);
	run();
	sqlite3_progress_handler(desk.sqlite, 0, NULL, NULL);
	return steps;
}

/* However many there are, a write does not take longer for them. */
static void
some_are_forgotten_at_a_time(void **state)
{
	int64_t	few, many;

	(void)state;
	unit_steady_clock();
	were_noted(1500, DAYS + 1);
	few = steps_of(delete_ticket);
	check_number("the first thousand", forgotten(), 1000);
	check_number("kept", kept(), 500);
	/* its own, which would be kept, and those behind it */
	store_exec(desk.sqlite, "DELETE FROM deletions WHERE ticket_id = 1");
	were_noted(30000, DAYS + 1);
	many = steps_of(delete_ticket);
	check_number("the next", kept(), 29500);
	check_true("as long as of few", many < 2 * few);
	delete_ticket();
	check_number("and so on", kept(), 28500);
}

/* A client that knows nothing yet asks since a day before all. */
static void
since_ever_costs_no_more_for_many(void **state)
{
	int64_t	few, many;

	(void)state;
	were_noted(1000, 1);
	few = steps_of(ask_since_ever);
	were_noted(30000, 1);
	many = steps_of(ask_since_ever);
	check_true("as long as of few", many < 2 * few + 10);
}

#define ON_TICKETS(sentence, f) { sentence, f, open_desk, desk_tear_down, NULL }

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		/* first: others have the clock be steady for long */
		ON_TICKETS("nothing is forgotten by a new clock",
		    nothing_is_forgotten_by_a_new_clock),
		ON_TICKETS("those of long ago are forgotten",
		    those_of_long_ago_are_forgotten),
		ON_TICKETS("one that is kept keeps those behind it",
		    one_that_is_kept_keeps_those_behind_it),
		ON_TICKETS("some are forgotten at a time",
		    some_are_forgotten_at_a_time),
		ON_TICKETS("since ever costs no more for many",
		    since_ever_costs_no_more_for_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
