/* System calls. */
#include "gateway/http/connection/tcp.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

static struct tcp_info
read_info(int fd)
{
	struct tcp_info	info = { 0 };
	socklen_t	len = sizeof(info);

	(void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info;
}

uint64_t
tcp_received(int fd)
{
	return read_info(fd).tcpi_bytes_received;
}

uint64_t
tcp_taken(int fd)
{
	return read_info(fd).tcpi_bytes_acked;
}

bool
tcp_has_input(int fd)
{
	char	byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void
tcp_shut(int fd)
{
	(void)shutdown(fd, SHUT_RDWR);
}

void
tcp_cut(int fd)
{
	struct sockaddr	none = { .sa_family = AF_UNSPEC };

	(void)connect(fd, &none, sizeof(none));
}
