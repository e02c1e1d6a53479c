/* A greeting of ZMTP, without ZeroMQ, which hides what it is answered. */
#include "tools/flicketctl/desk/probe.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/flicketctl/desk/serve_desk.h"

#define GREETING	64	/* bytes */
#define MECHANISM_AT	12
#define WAIT_US		250000

static int
dial_ipc(const char *path)
{
	const struct timeval	limit = { .tv_usec = WAIT_US };
	struct sockaddr_un	to = { .sun_family = AF_UNIX };
	int			fd;

	if (strlen(path) >= sizeof(to.sun_path))
		return -1;
	memcpy(to.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

static int
dial(const char *endpoint)
{
	if (strncmp(endpoint, "ipc://", 6) == 0)
		return dial_ipc(endpoint + 6);
	return strncmp(endpoint, "tcp://", 6) == 0 ?
	    desk_dial(endpoint + 6) : -1;
}

bool
probe_refuses(const char *endpoint, bool keys)
{
	/* without our mechanism: libzmq sends its own before it compares them */
	static const char	ours[MECHANISM_AT] = { '\xff', [9] = 0x7f,
				    [10] = 3 };
	char	theirs[GREETING] = { 0 };
	size_t	len = 0;
	ssize_t	n;
	int	fd = dial(endpoint);

	if (fd == -1)
		return false;
	if (send(fd, ours, sizeof(ours), MSG_NOSIGNAL) == sizeof(ours))
		while (len < sizeof(theirs) && (n = recv(fd, theirs + len,
		    sizeof(theirs) - len, 0)) > 0)
			len += (size_t)n;
	close(fd);
	return len == sizeof(theirs) && theirs[0] == '\xff' &&
	    (keys || strncmp(theirs + MECHANISM_AT, "NULL", 5) != 0);
}
