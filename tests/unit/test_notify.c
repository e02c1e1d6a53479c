/* tools/flicketctl/desk/notify.c: with a socket in the place of the manager's. */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/flicketctl/desk/notify.h"

/* A manager's socket; '@' at the beginning of its path: an abstract one. */
static int
open_manager(const char *path)
{
	struct sockaddr_un	at = { .sun_family = AF_UNIX };
	size_t			len = strlen(path);
	int			fd;

	memcpy(at.sun_path, path, len + 1);
	if (path[0] == '@')
		at.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
	return fd;
}

/* What the manager was told last; "" if nothing. */
static const char *
told(int manager)
{
	static char	text[64];
	ssize_t		n = recv(manager, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
is_told_at(const char *path)
{
	int	manager = open_manager(path);

	setenv("NOTIFY_SOCKET", path, 1);
	notify_take();
	assert_null(getenv("NOTIFY_SOCKET"));
	notify_tell("READY=1\nSTATUS=up");
	check_string(path, told(manager), "READY=1\nSTATUS=up");
	close(manager);
	notify_tell("STOPPING=1");	/* nobody is there */
}

static void
the_manager_is_told(void **state)
{
	char	folder[FOLDER_SIZE], path[FOLDER_SIZE + 16];

	(void)state;
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/notify", folder);
	is_told_at(path);
	unit_folder_remove(folder);
	snprintf(path, sizeof(path), "@flicket-notify-%d", (int)getpid());
	is_told_at(path);
}

static void
without_a_manager_nothing_is_done(void **state)
{
	static const char *const	paths[] = { "", "/", "@", "run/notify",
					    "vsock:2:1" };
	char				longest[200];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_take();
	notify_tell("READY=1");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	notify_take();
	notify_tell("READY=1");
	for (size_t i = 0; i < LEN(paths); i++) {
		setenv("NOTIFY_SOCKET", paths[i], 1);
		errno = 0;
		notify_take();
		notify_tell("READY=1");
		check_number(paths[i], errno, 0);	/* no system call failed */
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("the manager is told", the_manager_is_told),
		TEST("without a manager nothing is done",
		    without_a_manager_nothing_is_done),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
