/* services/runtime/relay/newcomer.c */
#include "desk.h"

#include "base/log.h"
#include "services/runtime/relay/newcomer.h"
#include "services/store/migrate.h"
#include "services/store/store.h"

static void
look(const void *arg)
{
	newcomer_look(arg, SERVICE_USER, SERVICE_TICKET);
}

static void
who_knows_another_store_ends_it(void **state)
{
	static const struct {
		const char	*name;
		int64_t		 seq, after;
		int		 status;
		const char	*said;
	} rows[] = {
		{ "knows none", 0, 0, 0, "" },
		{ "knows it", 5, 0, 0, "" },
		{ "knows it and those before it", 5, 9, 0, "" },
		{ "knows another one", 0, 9, 2, "stores/user/user.db is not the "
		    "store that the ticket service has heard of" },
	};
	struct end	end;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		struct answer	a = { .id = 1 };

		if (rows[i].seq != 0)
			args_put_number(&a.extra, KEY_SEQ, rows[i].seq);
		args_put_number(&a.extra, KEY_AFTER, rows[i].after);
		unit_run(look, &a, &end);
		check_number(rows[i].name, end.status, rows[i].status);
		check_part(rows[i].name, end.said, rows[i].said);
	}
}

static void
an_answer_tells_what_was_heard(void **state)
{
	static const struct {
		const char	*name;
		int64_t		 source, stream, seq, after;
	} rows[] = {
		{ "the newer one", SERVICE_USER, 8, 3, 7 },
		{ "the older one", SERVICE_USER, 7, 7, 3 },
		{ "a store that is not made yet", SERVICE_USER, 0, 0, 7 },
		{ "nobody's", SERVICE_LOOKUP, 7, 0, 0 },
	};
	struct call	c;

	(void)state;
	store_exec(desk.sqlite, "INSERT INTO inbox (source, stream, seq) "
	    "VALUES (1, 7, 7), (1, 8, 3), (3, 7, 99)");
	for (size_t i = 0; i < LEN(rows); i++) {
		desk_begin(&c, OP_PING);
		newcomer_put(&c.request.args, rows[i].source, rows[i].stream);
		check_number(rows[i].name, desk_call(&desk, &c), OK);
		check_number(rows[i].name, args_number(&c.answer.extra,
		    KEY_SEQ, 0), rows[i].seq);
		check_number(rows[i].name, args_number(&c.answer.extra,
		    KEY_AFTER, -1), rows[i].after);
		desk_end(&c);
	}
	desk_begin(&c, OP_PING);
	check_number("not asked", desk_call(&desk, &c), OK);
	check_true("not told", !args_has(&c.answer.extra, KEY_AFTER));
	desk_end(&c);
}

static void
a_store_is_new_until_somebody_has_heard_of_it(void **state)
{
	int64_t	stream;

	(void)state;
	check_true("nothing", store_is_new("/nonexistent", &stream));
	check_number("of no stream", stream, 0);
	check_true("with all events", store_is_new(desk.path, &stream));
	check_number("its own", stream, desk.session.stream);
	store_exec(desk.sqlite, "INSERT INTO outbox (consumer, op, actor, "
	    "args) VALUES (1, 16, 1, x'80'); DELETE FROM outbox");
	check_true("told", !store_is_new(desk.path, &stream));
	store_exec(desk.sqlite, "DELETE FROM sqlite_sequence");
	store_accept(desk.sqlite);
	check_true("meant", !store_is_new(desk.path, &stream));
	check_true("is said", store_is_accepted(desk.sqlite));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(who_knows_another_store_ends_it),
		ON_DESK(&lookup_service, "an answer tells what was heard",
		    an_answer_tells_what_was_heard),
		ON_DESK(&lookup_service, "a store is new until somebody has "
		    "heard of it",
		    a_store_is_new_until_somebody_has_heard_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
