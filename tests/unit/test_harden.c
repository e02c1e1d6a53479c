/*
 * base/process/harden.c: what a process that it was called in cannot do any more,
 * and what it still can. Each row is tried by a process of its own.
 */
#include "unit.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/process/harden.h"

/* What a try says: 0 it worked, else errno. */
typedef int	try(void);

static struct settings	settings;

static int
result(long rc)
{
	return rc == -1 ? errno : 0;
}

/* --- what is refused -------------------------------------------------------- */

static int
try_exec(void)
{
	char	*argv[] = { (char *)"true", NULL }, *env[] = { NULL };

	return result(execve("/usr/bin/true", argv, env));
}

static int
try_fork(void)
{
	pid_t	pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
try_ptrace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
try_kill(void)
{
	return result(kill(getppid(), 0));
}

static int
try_code(void)
{
	void	*p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
try_code_later(void)
{
	void	*p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? 0 : result(mprotect(p, 4096,
	    PROT_READ | PROT_EXEC));
}

static int
try_packets(void)
{
	return result(socket(AF_PACKET, SOCK_RAW, 0));
}

static int
try_visible(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
try_mount(void)
{
	return result(syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL));
}

static int
try_ring(void)
{
	return result(syscall(SYS_io_uring_setup, 1, NULL));
}

static int
try_terminal(void)
{
	/* TIOCSTI: keys in the place of whoever has the terminal */
	return result(syscall(SYS_ioctl, 0, 0x5412, ""));
}

static int
try_user(void)
{
	return result(setuid(0));
}

static int
open_and_close(const char *path, int flags)
{
	int	fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd == -1)
		return errno;
	close(fd);
	return 0;
}

static int
try_passwords(void)
{
	return open_and_close("/etc/passwd", O_RDONLY);
}

static int
try_other_store(void)
{
	return open_and_close("stores/other/other.db", O_RDONLY);
}

static int
try_new_file(void)
{
	return open_and_close("new", O_WRONLY | O_CREAT);
}

static int
try_tmp(void)
{
	return open_and_close("/tmp/flicket-harden", O_WRONLY | O_CREAT);
}

static int
try_change_program(void)
{
	return open_and_close("/proc/self/mem", O_RDWR);
}

/* Nobody listens there: refused by the kernel of before ABI 4, too. */
static int
try_network(void)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET,
				    .sin_port = htons(9) };
	int			fd = socket(AF_INET, SOCK_STREAM, 0), e;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	e = result(connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
	close(fd);
	return e;
}

/* --- what is needed ---------------------------------------------------------- */

static void *
run_thread(void *arg)
{
	return arg;
}

static int
try_thread(void)
{
	pthread_t	t;
	int		e = pthread_create(&t, NULL, run_thread, NULL);

	return e != 0 ? e : pthread_join(t, NULL);
}

static int
try_store(void)
{
	int	e = open_and_close("stores/this/this.db", O_RDWR | O_CREAT);

	if (e == 0)
		e = result(rename("stores/this/this.db", "stores/this/old"));
	return e != 0 ? e : result(unlink("stores/this/old"));
}

static int
try_run(void)
{
	struct sockaddr_un	un = { .sun_family = AF_UNIX,
				    .sun_path = "run/x.sock" };
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0), e;

	e = result(bind(fd, (struct sockaddr *)&un, sizeof(un)));
	close(fd);
	return e != 0 ? e : result(unlink("run/x.sock"));
}

static int
try_system(void)
{
	return open_and_close("/usr", O_RDONLY | O_DIRECTORY);
}

/* Nothing of it is let through any more: it is said, and it goes on. */
static int
try_twice(void)
{
	harden(&settings, "this");
	return 0;
}

/* Nobody listens. */
static int
try_listen(void)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET };
	int			fd = socket(AF_INET, SOCK_STREAM, 0), e;

	e = result(bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	if (e == 0)
		e = result(listen(fd, 1));
	close(fd);
	return e;
}

/* --- tries --------------------------------------------------------------------- */

static char		folder[] = "/tmp/flicket-harden-XXXXXX";

static const struct row {
	const char	*name;
	try		*run;
	int		 want, or;	/* errno */
	bool		 by_landlock;
} rows[] = {
	{ "another program", try_exec, ENOSYS, ENOSYS, false },
	{ "another process", try_fork, ENOSYS, ENOSYS, false },
	{ "to look into processes", try_ptrace, ENOSYS, ENOSYS, false },
	{ "signals to others", try_kill, ENOSYS, ENOSYS, false },
	{ "memory that runs", try_code, ENOSYS, ENOSYS, false },
	{ "... made so later", try_code_later, ENOSYS, ENOSYS, false },
	{ "raw packets", try_packets, EAFNOSUPPORT, EAFNOSUPPORT, false },
	{ "to be looked into", try_visible, ENOSYS, ENOSYS, false },
	{ "to mount", try_mount, ENOSYS, ENOSYS, false },
	{ "system calls in a ring", try_ring, ENOSYS, ENOSYS, false },
	{ "keys for the terminal", try_terminal, ENOTTY, ENOTTY, false },
	{ "another user", try_user, ENOSYS, ENOSYS, false },
	{ "files of the system", try_passwords, EACCES, EACCES, true },
	{ "another's store", try_other_store, EACCES, EACCES, true },
	{ "files beside the stores", try_new_file, EACCES, EACCES, true },
	{ "files in /tmp", try_tmp, EACCES, EACCES, true },
	{ "its own code", try_change_program, EACCES, EACCES, true },
	{ "others in the network", try_network, EACCES, ECONNREFUSED, true },
	{ "a thread", try_thread, 0, 0, false },
	{ "its store", try_store, 0, 0, false },
	{ "a socket in run", try_run, 0, 0, false },
	{ "libraries", try_system, 0, 0, false },
	{ "a port to listen at", try_listen, 0, 0, false },
	{ "what cannot be given up", try_twice, 0, 0, false },
};

static const char	*store = "this";	/* of a process that tries */

/* How a process ended that was hardened and then tried. */
static int
status_of(try *run)
{
	int	status;
	pid_t	pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		alarm(20);
		harden_secrets(&settings, false);
		harden(&settings, store);
		_exit(run());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

/* A sanitizer or valgrind is in the way, and nothing is done, as is said. */
static void
skip_if_watched(void)
{
	if (WIFEXITED(status_of(try_exec)) &&
	    WEXITSTATUS(status_of(try_exec)) == 0)
		skip();
}

static void
what_a_hardened_process_can_do(void **state)
{
	bool	landlock = has_landlock();
	int	status;

	(void)state;
	settings.harden = "on";
	skip_if_watched();
	for (size_t i = 0; i < LEN(rows); i++) {
		if (rows[i].by_landlock && !landlock)
			continue;
		status = status_of(rows[i].run);
		check_number(rows[i].name, WIFEXITED(status), true);
		if (WEXITSTATUS(status) != rows[i].or)
			check_number(rows[i].name, WEXITSTATUS(status),
			    rows[i].want);
	}
}

static void
what_is_strict_ends_with_it(void **state)
{
	int	status;

	(void)state;
	settings.harden = "on";
	skip_if_watched();
	settings.harden = "strict";
	for (size_t i = 0; i < LEN(rows); i++) {
		if (rows[i].want != ENOSYS)
			continue;
		status = status_of(rows[i].run);
		check_number(rows[i].name, WIFSIGNALED(status) ?
		    WTERMSIG(status) : 0, SIGSYS);
	}
	status = status_of(try_thread);
	check_number("a thread", WIFEXITED(status) ? WEXITSTATUS(status) : -1,
	    0);
}

static void
without_a_store_files_are_read(void **state)
{
	(void)state;
	settings.harden = "on";
	skip_if_watched();
	if (!has_landlock())
		skip();
	store = NULL;
	check_number("a store", WEXITSTATUS(status_of(try_store)), EACCES);
	check_number("a socket", WEXITSTATUS(status_of(try_run)), EACCES);
	check_number("libraries", WEXITSTATUS(status_of(try_system)), 0);
	store = "this";
}

static void
off_is_off(void **state)
{
	(void)state;
	settings.harden = "off";
	check_number("a process", WEXITSTATUS(status_of(try_fork)), 0);
	check_number("a file", WEXITSTATUS(status_of(try_passwords)), 0);
}

/* The password is not in what the process was started with, nor given on. */
static int
try_environment(void)
{
	const char	*given = getenv("FLICKET_ADMIN_PASSWORD");

	return settings.admin_password[0] == '\0' && given != NULL &&
	    given[0] == '\0' ? 0 : 1;
}

static void
a_password_is_not_shown(void **state)
{
	static char	shown[] = "FLICKET_ADMIN_PASSWORD=a password";

	(void)state;
	assert_int_equal(putenv(shown), 0);
	settings.harden = "off";
	settings.admin_password = getenv("FLICKET_ADMIN_PASSWORD");
	harden_secrets(&settings, true);
	assert_string_equal(settings.admin_password, "a password");
	assert_string_equal(getenv("FLICKET_ADMIN_PASSWORD"), "a password");
	for (size_t i = strlen("FLICKET_ADMIN_PASSWORD="); i < sizeof(shown);
	    i++)
		assert_int_equal(shown[i], '\0');
	check_number("of others", WEXITSTATUS(status_of(try_environment)), 0);
}

static int
enter(void **state)
{
	(void)state;
	settings = (struct settings){ .data = folder, .engine = "", .bind = "", .keys = "",
	    .tls_cert = "", .tls_key = "", .metrics_listen = "",
	    .admin_password = "", .admin_password_file = "",
	    .user_endpoint = "ipc://run/user.sock",
	    .ticket_endpoint = "ipc://run/ticket.sock",
	    .post_endpoint = "ipc://run/post.sock",
	    .lookup_endpoint = "ipc://run/lookup.sock" };
	if (mkdtemp(folder) == NULL || chdir(folder) == -1 ||
	    mkdir("run", 0700) == -1 || mkdir("stores", 0700) == -1 ||
	    mkdir("stores/other", 0700) == -1 ||
	    open_and_close("stores/other/other.db", O_WRONLY | O_CREAT) != 0)
		return -1;
	return 0;
}

static int
leave(void **state)
{
	static const char *const	names[] = { "stores/other/other.db",
		"stores/other", "stores/this", "stores", "run" };

	(void)state;
	for (size_t i = 0; i < LEN(names); i++)
		(void)remove(names[i]);
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(what_a_hardened_process_can_do),
		cmocka_unit_test(what_is_strict_ends_with_it),
		cmocka_unit_test(without_a_store_files_are_read),
		cmocka_unit_test(off_is_off),
		cmocka_unit_test(a_password_is_not_shown),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
