/* services/ticket/list/export.c: an export's pieces, as a gateway asks for
 * them. */
#include "desk.h"

#include <time.h>

#include "services/store/store.h"
#include "services/ticket/ticket.h"

#define CSV	   1
#define NDJSON	2
#define HEAD	                                                                  \
	"Ticket_ID,Priority,Title,Submitted By,Date,Replies,"                  \
	"Category,Status,Assigned,URL\r\n"

static int
open_desk(void **state)
{
	(void)state;
	desk_open(&desk, &ticket_service);
	store_exec(desk.sqlite,
	    "INSERT INTO user_names (id, name, username, disabled) VALUES "
	    "(3, 'Author', 'author', 0);"
	    "INSERT INTO status_names VALUES (1, 'Open');"
	    "INSERT INTO priority_names VALUES (1, 'low');"
	    "INSERT INTO department_names VALUES (1, 'Design', 0);"
	    "INSERT INTO category_names VALUES (1, 'Bug', 1, 0);"
	    "INSERT INTO tickets (id, title, content, started_id, date_added,"
	    "status_id, category_id, ticket_priority_id) VALUES "
	    "(7, 'one', 'c', 3, 1, 1, 1, 1), (8, 'two', 'c', 3, 2, 1, 1, 1),"
	    "(9, 'three', 'c', 3, 3, 1, 1, 1)");
	return 0;
}

/*
 * Ask for the piece behind a cursor, which is replaced by the piece's: empty
 * at first, and at the end. The piece is added to *ret.
 */
static void
ask(int64_t format, struct buf *cursor, struct buf *ret)
{
	const struct timespec	pause = { .tv_nsec = 1000000 };
	struct call		c;
	struct text		next;
	enum err		e;

	do {
		desk_begin(&c, OP_TICKET_EXPORT);
		args_put_number(&c.request.args, KEY_FORMAT, format);
		args_put_number(&c.request.args, KEY_LIMIT, 1);
		args_put_text(&c.request.args, KEY_CURSOR,
		    cursor->len == 0 ? TEXT_OF("") : buf_text(cursor));
		e = desk_call(&desk, &c);
		if (e != ERR_LOADING)
			break;
		desk_end(&c);
		nanosleep(&pause, NULL);
	} while (true);
	check_number("a piece", e, OK);
	buf_put(ret, c.answer.fragment.base, c.answer.fragment.len);
	next = args_text(&c.answer.extra, KEY_CURSOR);
	cursor->len = 0;
	buf_put(cursor, next.base, next.len);
	desk_end(&c);
}

/* All pieces, one after the other: the file that a client gets. */
static void
export_all(int64_t format, struct buf *ret)
{
	struct buf	cursor = { 0 };
	int		pieces = 0;

	do {
		ask(format, &cursor, ret);
		pieces++;
	} while (cursor.len > 0);
	check_number("pieces", pieces, 3);
	buf_done(&cursor);
}

static void
a_csv_file_has_one_head(void **state)
{
	struct buf	file = { 0 };

	(void)state;
	export_all(CSV, &file);
	check_text("file", buf_text(&file),
	    TEXT_OF(HEAD
		"00007,\"low\",\"one\",\"Author\",1970-01-01,0,\"Design - "
		"Bug\","
		"\"Open\",\"Not assigned\",\1ticket/7\r\n"
		"00008,\"low\",\"two\",\"Author\",1970-01-01,0,\"Design - "
		"Bug\","
		"\"Open\",\"Not assigned\",\1ticket/8\r\n"
		"00009,\"low\",\"three\",\"Author\",1970-01-01,0,"
		"\"Design - Bug\",\"Open\",\"Not assigned\",\1ticket/9\r\n"));
	buf_done(&file);
}

static void
json_has_a_line_for_each_ticket(void **state)
{
	struct buf	file = { 0 };
	int		lines = 0;

	(void)state;
	export_all(NDJSON, &file);
	for (size_t i = 0; i < file.len; i++)
		lines += file.base[i] == '\n';
	check_number("lines", lines, 3);
	check_text("begins with a row", (struct text){ file.base, 1 },
	    TEXT_OF("{"));
	buf_done(&file);
}

int
main(void)
{
#define HERE(sentence, f)                                                      \
	{                                                                      \
		sentence, f, open_desk, desk_tear_down, NULL                   \
	}
	const struct CMUnitTest	tests[] = {
		HERE("a CSV file of several pieces names its columns once",
		    a_csv_file_has_one_head),
		HERE("JSON lines: one for each ticket",
		    json_has_a_line_for_each_ticket),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
