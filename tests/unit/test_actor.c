/* base/process/actor.c: a thread that cannot be had is told, not waited for. */
#include "base/process/actor.h"

#include <sys/resource.h>

#include "base/log.h"
#include "unit.h"

static void
answer(zsock_t *pipe, void *arg)
{
	char	*word;

	zsock_signal(pipe, 0);
	while ((word = zstr_recv(pipe)) != NULL && strcmp(word, "$TERM") != 0) {
		(void)zstr_send(pipe, arg);
		zstr_free(&word);
	}
	zstr_free(&word);
}

static void
one_is_spoken_to(void **state)
{
	zactor_t	*actor = actor_new(answer, "well");
	char		*word;

	(void)state;
	(void)zstr_send(actor, "how");
	word = zstr_recv(actor);
	check_string("its answer", word, "well");
	zstr_free(&word);
	zactor_destroy(&actor);
}

/* None is left, at the latest, when all addresses are taken. */
static void
start_without_room(const void *arg)
{
	struct rlimit	none = { 1 << 20, 1 << 20 };

	(void)arg;
	zsys_init();
	CHECK(setrlimit(RLIMIT_AS, &none) == 0);
	(void)actor_new(answer, "never");
}

static void
one_that_cannot_start_is_not_waited_for(void **state)
{
	struct end	end;

	(void)state;
#ifdef __SANITIZE_ADDRESS__	/* which has its own way to end */
	skip();
#endif
	unit_run(start_without_room, NULL, &end);
	check_number("it ends", end.status, 1);
	check_part("and says why", end.said, "a thread cannot be started: ");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(one_that_cannot_start_is_not_waited_for),
		cmocka_unit_test(one_is_spoken_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
