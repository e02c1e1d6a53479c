/* proto/peer/resolve.c: what settings lead to. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/peer/resolve.h"

static void
make_file(const char *path)
{
	int	fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_int_not_equal(fd, -1);
	close(fd);
}

/* In a folder of their own, with run/. */
static int
enter_folder(void **state)
{
	char	folder[] = "/tmp/resolve-XXXXXX";

	(void)state;
	return mkdtemp(folder) == NULL || chdir(folder) == -1 ||
	    mkdir("run", 0700) == -1;
}

static void
check_leads_to(const char *setting, const char *wanted)
{
	struct endpoints	found = { 0 };
	struct buf		all = { 0 };

	check_true(setting, resolve(setting, &found));
	buf_put_text(&all, "");
	for (unsigned i = 0; i < found.count; i++)
		buf_printf(&all, "%s%s", i > 0 ? " " : "", found.rows[i]);
	check_text(setting, buf_text(&all), text_of(wanted));
	buf_done(&all);
}

static void
settings_lead_to_endpoints(void **state)
{
	static const struct { const char *setting, *wanted; } rows[] = {
		{ "", "" },
		{ "tcp://127.0.0.1:7000", "tcp://127.0.0.1:7000" },
		{ "tcp://[::1]:7000", "tcp://[::1]:7000" },
		{ "tcp://localhost:7000", "tcp://127.0.0.1:7000" },
		{ "tcp://127.0.0.1:1, tcp://127.0.0.1:2,tcp://127.0.0.1:1",
		    "tcp://127.0.0.1:1 tcp://127.0.0.1:2" },
		{ "ipc://run/none.sock", "ipc://run/none.sock" },
		{ "ipc://@abstract", "ipc://@abstract" },
		{ "ipc://run/other", "ipc://run/other" },
		{ "ipc://run/post.sock", "ipc://run/post.1.sock "
		    "ipc://run/post.12.sock" },
		{ "ipc://run/user.sock", "ipc://run/user.sock "
		    "ipc://run/user.1.sock" },
		{ "inproc://x,ipc://run/user.sock", "inproc://x "
		    "ipc://run/user.sock ipc://run/user.1.sock" },
		{ "carrier-pigeon://coop", "carrier-pigeon://coop" },
	};

	(void)state;
	make_file("run/user.sock");
	make_file("run/user.1.sock");
	make_file("run/post.1.sock");
	make_file("run/post.12.sock");
	make_file("run/post.1.sock.lock");
	make_file("run/post.x.sock");
	make_file("run/post..sock");
	make_file("run/poster.1.sock");
	for (size_t i = 0; i < LEN(rows); i++)
		check_leads_to(rows[i].setting, rows[i].wanted);
}

static void
a_name_nobody_has_changes_nothing(void **state)
{
	struct endpoints	found = { .count = 7 };

	(void)state;
	assert_false(resolve("tcp://no-such-host.invalid:1", &found));
	check_number("kept", found.count, 7);
	/* another one beside it still counts */
	check_leads_to("tcp://no-such-host.invalid:1,tcp://127.0.0.1:2",
	    "tcp://127.0.0.1:2");
}

static void
there_is_a_bound(void **state)
{
	struct endpoints	found;
	char			path[64];

	(void)state;
	for (int i = 1; i <= RESOLVE_MOST + 9; i++) {
		snprintf(path, sizeof(path), "run/many.%d.sock", i);
		make_file(path);
	}
	assert_true(resolve("ipc://run/many.sock", &found));
	check_number("count", found.count, RESOLVE_MOST);
}

static void
the_thread_finds_what_comes_later(void **state)
{
	struct settings		 settings = {
		.ticket_endpoint = "ipc://run/late.sock" };
	struct resolver		*r = resolver_new(&settings,
				    UINT64_C(1) << SERVICE_TICKET);
	struct endpoints	 found;
	uint64_t		 generation = 0;

	(void)state;
	assert_true(resolver_read(r, SERVICE_TICKET, &generation, &found));
	check_number("one", found.count, 1);
	assert_false(resolver_read(r, SERVICE_TICKET, &generation, &found));
	assert_false(resolver_read(r, SERVICE_USER, &(uint64_t){ 0 }, &found));
	make_file("run/late.sock");
	make_file("run/late.1.sock");
	for (int i = 0; i < 400 && found.count == 1; i++) {
		usleep(10000);
		(void)resolver_read(r, SERVICE_TICKET, &generation, &found);
	}
	check_number("two", found.count, 2);
	resolver_destroy(&r);
	assert_null(r);
	resolver_destroy(&r);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("settings lead to endpoints", settings_lead_to_endpoints),
		TEST("a name that nobody has changes nothing",
		    a_name_nobody_has_changes_nothing),
		TEST("there is a bound", there_is_a_bound),
		TEST("the thread finds what comes later",
		    the_thread_finds_what_comes_later),
	};

	return cmocka_run_group_tests(tests, enter_folder, NULL);
}
