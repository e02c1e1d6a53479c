/* gateway/reply/fault.c */
#include "exchange.h"
#include "fakes.h"

#include "gateway/reply/fault.h"

static void
what_was_noted_is_answered(void **state)
{
	struct visit	v;

	(void)state;
	responded_clear();
	visit_begin(&v, "GET", "/flicket-api/tickets/");
	check_number("nothing", fault_answer(&v.x), FLOW_NEXT);
	fault_note(&v.x, FAULT_TOO_LONG, TEXT_OF("title"), "%s of %d", "title",
	    5);
	fault_note(&v.x, FAULT_REQUIRED, TEXT_OF("content"), "content");
	check_number("two", fault_answer(&v.x), FLOW_DONE);
	check_number("error", responded.error, ERR_BAD_REQUEST);
	check_number("faults", responded.faults, 2);
	check_string("code", responded.code, "too_long");
	check_string("field", responded.field, "title");
	check_string("message", responded.message, "title of 5");
	visit_end(&v);
}

/* A client may send a body with as many faults as it has room for. */
static void
an_answer_has_bounds(void **state)
{
	static char	name[4096];
	struct visit	v;

	(void)state;
	responded_clear();
	memset(name, 'x', sizeof(name) - 1);
	visit_begin(&v, "GET", "/flicket-api/tickets/");
	for (unsigned i = 0; i < 1000; i++)
		fault_note(&v.x, FAULT_UNKNOWN_FIELD, text_of(name), "%s",
		    name);
	check_number("answered", fault_answer(&v.x), FLOW_DONE);
	check_number("faults", responded.faults, FAULTS_MOST);
	check_number("field", (int64_t)strlen(responded.field), 60);
	check_number("message", (int64_t)strlen(responded.message), 511);
	visit_end(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("what was noted is answered, the first fault first",
		    what_was_noted_is_answered),
		TEST("an answer has bounds, whatever a client sends",
		    an_answer_has_bounds),
	};

	return cmocka_run_group_tests_name("fault", tests, visit_routes, NULL);
}
