/* tools/flicketctl/desk/probe.c: sockets that take connections and say no more. */
#include "unit.h"

#include <czmq.h>
#include <unistd.h>

#include "tools/flicketctl/desk/probe.h"

#define ENDPOINT	"ipc://probe.sock"

/* A socket whose thread greets while nobody reads its messages. */
static zsock_t *
silent_process(bool curve)
{
	zsock_t	*router = zsock_new(ZMQ_ROUTER);
	zcert_t	*cert = zcert_new();

	if (curve) {
		zcert_apply(cert, router);
		zsock_set_curve_server(router, 1);
	}
	check_true("bound", zsock_bind(router, ENDPOINT) != -1);
	zcert_destroy(&cert);
	return router;
}

static char	folder[FOLDER_SIZE];

static int
enter_folder(void **state)
{
	(void)state;
	zsys_handler_set(NULL);
	unit_folder_make(folder);
	return chdir(folder);
}

static int
remove_folder(void **state)
{
	(void)state;
	unit_folder_remove(folder);
	return 0;
}

static void
keys_are_the_reason_where_one_side_has_some(void **state)
{
	static const struct { const char *name; bool theirs, ours, want; }
	    rows[] = {
		{ "no keys", false, false, false },
		{ "ours alone", false, true, true },
		{ "theirs alone", true, false, true },
		{ "both", true, true, true },
	};
	zsock_t	*router;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		router = silent_process(rows[i].theirs);
		check_true(rows[i].name, probe_refuses(ENDPOINT,
		    rows[i].ours) == rows[i].want);
		zsock_destroy(&router);
	}
}

static void
nothing_refuses_where_nothing_is(void **state)
{
	(void)state;
	check_true("ipc", !probe_refuses("ipc://nothing.sock", true));
	check_true("tcp", !probe_refuses("tcp://127.0.0.1:1", true));
	check_true("neither", !probe_refuses("udp://127.0.0.1:1", true));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("keys are the reason where one side has some",
		    keys_are_the_reason_where_one_side_has_some),
		TEST("nothing refuses where nothing is",
		    nothing_refuses_where_nothing_is),
	};

	return cmocka_run_group_tests(tests, enter_folder, remove_folder);
}
