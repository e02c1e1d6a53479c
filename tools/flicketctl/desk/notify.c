/* One datagram each, on a socket of its own: the manager may be restarted. */
#include "tools/flicketctl/desk/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sockaddr_un	manager;
static socklen_t		manager_len;	/* 0: there is no manager */

void
notify_take(void)
{
	const char	*path = getenv("NOTIFY_SOCKET");
	size_t		 len = path == NULL ? 0 : strlen(path);

	manager_len = 0;
	if (len > 1 && len < sizeof(manager.sun_path) &&
	    (path[0] == '/' || path[0] == '@')) {
		manager.sun_family = AF_UNIX;
		memcpy(manager.sun_path, path, len + 1);
		if (path[0] == '@')	/* an abstract one */
			manager.sun_path[0] = '\0';
		manager_len = (socklen_t)(offsetof(struct sockaddr_un,
		    sun_path) + len);
	}
	(void)unsetenv("NOTIFY_SOCKET");
}

void
notify_tell(const char *state)
{
	int	fd;

	if (manager_len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&manager, manager_len);
	close(fd);
}
