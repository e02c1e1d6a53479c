/* Listening sockets: opened, or handed from process to process. */
#include "base/listener.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "base/settings.h"

#define BACKLOG	4096

static int
open_one(const struct addrinfo *ai)
{
	int	fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, ai->ai_protocol);
	int	on = 1, off = 0, saved;

	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
listener_open(const char *address)
{
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo	*list;
	char		 host[256], service[8];
	uint16_t	 port;
	int		 fd = -1, saved, found;

	errno = EINVAL;
	if (!settings_split_address(address, host, sizeof(host), &port))
		return -1;
	snprintf(service, sizeof(service), "%u", (unsigned)port);
	found = getaddrinfo(strcmp(host, "*") == 0 ? "::" : host, service,
	    &hints, &list);
	if (found != 0) {
		errno = found == EAI_AGAIN ? EAGAIN : EADDRNOTAVAIL;
		return -1;
	}
	for (struct addrinfo *ai = list; ai != NULL && fd == -1;
	    ai = ai->ai_next)
		fd = open_one(ai);
	saved = errno;
	freeaddrinfo(list);
	errno = saved;
	return fd;
}

/* A variable of the environment as a number; -1 if it is not a number. */
static int64_t
variable_number(const char *name)
{
	const char	*text = getenv(name);
	int64_t		 n;

	return text != NULL && number_read((struct text){ text, strlen(text) },
	    0, INT64_MAX, &n) ? n : -1;
}

int
listener_handed(void)
{
	int64_t		count = variable_number("LISTEN_FDS");
	bool		ours = variable_number("LISTEN_PID") == getpid();
	int		fd = LISTENER_HANDED_FD, listens = 0;
	socklen_t	len = sizeof(listens);

	/* processes that this one starts do not get them */
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (!ours || count < 1)
		return -1;
	if (count > 1 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
	    &len) == -1 || listens == 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == -1)
		log_fatal("LISTEN_FDS: one listening socket is taken, as "
		    "descriptor %d, and nothing else", fd);
	return fd;
}

void
listener_hand_over(int fd)
{
	char	pid[16];

	if (fd == LISTENER_HANDED_FD)
		(void)fcntl(fd, F_SETFD, 0);
	else
		(void)dup2(fd, LISTENER_HANDED_FD);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
}

int
listener_address(int fd, char *ret, size_t size)
{
	struct sockaddr_storage	ss;
	socklen_t		len = sizeof(ss);
	char			host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	if (getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
	    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		errno = EINVAL;
		return -1;
	}
	snprintf(ret, size, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s",
	    host, port);
	return 0;
}

bool
listener_may_recover(int error)
{
	return error == EADDRINUSE || error == EAGAIN || error == EMFILE ||
	    error == ENFILE || error == ENOBUFS || error == ENOMEM ||
	    error == ENOSPC || error == EDQUOT || error == EIO;
}
