/* gateway/stage/decode/views.c */
#include "exchange.h"
#include "fakes.h"

#include "gateway/reply/fault.h"
#include "gateway/stage/decode/views.h"

/* The arguments of the view that was taken last. */
static struct args
last_view(struct visit *v, struct frame_reader *reader)
{
	struct text	views = args_text(&v->x.args, KEY_VIEWS);
	struct args	one, last = { 0 };

	frame_reader_start(reader, views.base, views.len);
	while (frame_next_args(reader, &one) == FRAME_ONE)
		last = one;
	return last;
}

static void
queries_of_lists_are_read(void **state)
{
	static const struct { const char *query; keyset keys; } rows[] = {
		{ "", K(NONE) },
		{ "&&", K(NONE) },
		{ "status_id=1,3", K(STATUS_IDS) },
		{ "assigned_id=me&sort=title_desc&page=7", K(ASSIGNED_IDS) },
		{ "content=a%20b&department=X+Y", K(CONTENT, DEPARTMENT) },
		{ "sort=&page=x&per_page=&fields=id&include=users&cursor=",
		    K(NONE) },
		{ "status_id=", K(ERROR) },
		{ "status_id=1&status_id=2", K(ERROR) },
		{ "status_id=1&nonsense=2", K(ERROR) },
		{ "=1", K(ERROR) },
		{ "views=a", K(ERROR) },
		{ "by=status", K(ERROR) },
		{ "if_none_match=a", K(ERROR) },
		{ "id=1", K(ERROR) },
		{ "status=%ff", K(ERROR) },
		{ "status=a%00b", K(ERROR) },
		{ "st%00atus=a", K(ERROR) },
		{ "a_name_that_is_longer_than_any_that_there_is_and_then_some_"
		    "more=1", K(ERROR) },
	};
	struct frame_reader	*reader = frame_reader_new();
	struct visit		 v;
	struct args		 last;

	(void)state;
	visit_begin(&v, "GET", "/flicket-api/tickets/counts");
	for (size_t i = 0; i < LEN(rows); i++) {
		v.x.view_count = 0;
		views_take(&v.x, KEY_VIEWS, text_of(rows[i].query));
		last = last_view(&v, reader);
		check_true(rows[i].query, keyset_equals(args_keys(&last),
		    rows[i].keys));
	}
	last = last_view(&v, reader);
	v.x.view_count = 0;
	views_take(&v.x, KEY_VIEWS, TEXT_OF("department=X+Y%2C"));
	last = last_view(&v, reader);
	check_text("decoded", args_text(&last, KEY_DEPARTMENT),
	    TEXT_OF("X Y,"));
	check_number("nothing is refused", fault_count(&v.x), 0);
	visit_end(&v);
	frame_reader_destroy(&reader);
}

static void
there_are_at_most_twenty(void **state)
{
	struct visit	v;
	size_t		len;

	(void)state;
	visit_begin(&v, "GET", "/flicket-api/tickets/counts");
	for (int i = 0; i < VIEWS_MOST; i++)
		views_take(&v.x, KEY_VIEWS, TEXT_OF("status_id=1"));
	check_number("twenty", fault_count(&v.x), 0);
	len = args_text(&v.x.args, KEY_VIEWS).len;
	views_take(&v.x, KEY_VIEWS, TEXT_OF("status_id=1"));
	views_take(&v.x, KEY_VIEWS, TEXT_OF("status_id=1"));
	check_number("once told", fault_count(&v.x), 1);
	check_number("not taken", (int64_t)args_text(&v.x.args,
	    KEY_VIEWS).len, (int64_t)len);
	visit_end(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("queries of lists are read, or marked as wrong",
		    queries_of_lists_are_read),
		TEST("there are at most twenty", there_are_at_most_twenty),
	};

	return cmocka_run_group_tests(tests, visit_routes, NULL);
}
