/* services/post/staged.c: staged files in a store. */
#include "desk.h"

#include "services/post/staged.h"
#include "services/store/store.h"

#define DAY	"86400000000"

/* Files: 1 and 2 of the user 1, 3 of another, 4 attached, 5 of yesterday. */
static void
furnish(void)
{
	store_exec(desk.sqlite, "INSERT INTO uploads (id, filename, user_id, "
	    "topic_id, staged_at) SELECT column1, 'f' || column1, column2, "
	    "column3, CASE WHEN column3 IS NULL THEN "
	    "strftime('%s', 'now') * 1000000 - column4 END FROM (VALUES "
	    "(1, 1, NULL, 0), (2, 1, NULL, 0), (3, 9, NULL, 0), "
	    "(4, 1, 7, 0), (5, 1, NULL, " DAY "))");
}

static enum err
reserve(const char *ids, int64_t *ret_code)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_UPLOADS_RESERVE);
	args_put_text(&c.request.args, KEY_UPLOAD_IDS, text_of(ids));
	e = desk_call(&desk, &c);
	*ret_code = args_number(&c.answer.extra, KEY_CODE, 0);
	desk_end(&c);
	return e;
}

static void
what_cannot_be_claimed_is_refused(void **state)
{
	static const struct {
		const char	*ids;
		enum err	 want;
		int64_t		 code;
	} rows[] = {
		{ "[1,2]", OK, 0 },
		{ "[1,1]", ERR_BAD_REQUEST, FAULT_REPEATED },
		{ "[1,3]", ERR_BAD_REQUEST, FAULT_NOT_STAGED },
		{ "[99]", ERR_BAD_REQUEST, FAULT_NOT_STAGED },
		{ "[1,4]", ERR_CONFLICT, FAULT_ATTACHED },
		{ "[5]", ERR_CONFLICT, FAULT_EXPIRED },
		{ "[]", ERR_BAD_REQUEST, FAULT_INVALID },
		{ "[1", ERR_BAD_REQUEST, FAULT_INVALID },
		{ "1", ERR_BAD_REQUEST, FAULT_INVALID },
	};
	int64_t	code;

	(void)state;
	furnish();
	for (size_t i = 0; i < LEN(rows); i++) {
		check_number(rows[i].ids, reserve(rows[i].ids, &code),
		    rows[i].want);
		check_number(rows[i].ids, code, rows[i].code);
	}
}

static void
a_reserved_file_stays_another_day(void **state)
{
	int64_t	code;

	(void)state;
	furnish();
	store_exec(desk.sqlite, "UPDATE uploads SET staged_at = staged_at - "
	    DAY " / 2 WHERE id = 1");
	check_number("reserved", reserve("[1]", &code), OK);
	check_number("anew", desk_number(&desk, "SELECT staged_at > "
	    "strftime('%s', 'now') * 1000000 - 3600000000 FROM uploads "
	    "WHERE id = 1"), 1);
}

static enum err
claim(const char *ids, int64_t ticket_id, int64_t seq)
{
	struct call	c;
	enum err	e;

	desk_begin(&c, OP_POST_UPLOADS_CLAIMED);
	args_put_number(&c.request.args, KEY_SOURCE, SERVICE_TICKET);
	args_put_number(&c.request.args, KEY_STREAM, 1);
	args_put_number(&c.request.args, KEY_SEQ, seq);
	args_put_number(&c.request.args, KEY_TICKET_ID, ticket_id);
	args_put_number(&c.request.args, KEY_AUTHOR_ID, 1);
	args_put_text(&c.request.args, KEY_UPLOAD_IDS, text_of(ids));
	e = desk_call(&desk, &c);
	desk_end(&c);
	return e;
}

static int64_t
count_of(int64_t ticket_id)
{
	char	query[120];

	snprintf(query, sizeof(query), "SELECT count(*) FROM uploads WHERE "
	    "topic_id = %lld AND staged_at IS NULL", (long long)ticket_id);
	return desk_number(&desk, query);
}

/* Also those of a day ago, as their ticket was acknowledged. */
static void
a_ticket_gets_its_files(void **state)
{
	(void)state;
	furnish();
	check_number("claimed", claim("[1,3,5,99]", 20, 1), OK);
	check_number("its own", count_of(20), 2);
	check_number("not that of another", desk_number(&desk, "SELECT "
	    "staged_at IS NOT NULL FROM uploads WHERE id = 3"), 1);
	check_number("told again", claim("[1,3,5,99]", 20, 1), OK);
	check_number("once", count_of(20), 2);
	check_number("another ticket", claim("[1]", 21, 2), OK);
	check_number("gets it, too", count_of(21), 1);
	check_number("of the same file", desk_number(&desk, "SELECT count(*) "
	    "FROM uploads WHERE filename = 'f1'"), 2);
}

static void
expire(void)
{
	struct call	c;

	desk_begin(&c, OP_UPLOADS_EXPIRE);
	check_number("expired", desk_call(&desk, &c), OK);
	desk_end(&c);
}

static int64_t
rows(void)
{
	return desk_number(&desk, "SELECT sum(id) FROM uploads");
}

/* The chore. In the first hour the clock may be wrong, and nothing goes. */
static void
what_nobody_has_claimed_goes_after_a_day(void **state)
{
	(void)state;
	furnish();
	store_exec(desk.sqlite, "UPDATE uploads SET staged_at = staged_at - "
	    DAY " + 60000000 WHERE id = 1");
	expire();
	check_number("in the first hour", rows(), 15);
	unit_steady_clock();
	expire();
	check_number("that of yesterday", rows(), 10);
	expire();
	check_number("and no other", rows(), 10);
	store_exec(desk.sqlite, "UPDATE uploads SET staged_at = staged_at - "
	    DAY " WHERE staged_at IS NOT NULL");
	expire();
	check_number("attached ones stay", rows(), 4);
}

int
main(void)
{
#define HERE(sentence, f) ON_DESK(&post_service, sentence, f)
	const struct CMUnitTest	tests[] = {
		HERE("what cannot be claimed is refused",
		    what_cannot_be_claimed_is_refused),
		HERE("a reserved file stays another day",
		    a_reserved_file_stays_another_day),
		HERE("a ticket gets its files", a_ticket_gets_its_files),
		HERE("what nobody has claimed goes after a day",
		    what_nobody_has_claimed_goes_after_a_day),
	};

	return cmocka_run_group_tests_name("staged", tests, NULL, NULL);
}
