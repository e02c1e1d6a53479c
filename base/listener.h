/*
 * The socket that clients connect to. Whoever keeps it open for a gateway
 * that is started again (flicketctl serve, systemd) hands it over as
 * descriptor 3, as sd_listen_fds(3) describes; meanwhile the kernel lets
 * connections wait.
 */
#ifndef BASE_LISTENER_H
#define BASE_LISTENER_H

#include <stddef.h>

#define LISTENER_HANDED_FD	3

/*
 * Listen on "host:port"; "*" stands for all addresses. Returns the
 * descriptor, or -1 with errno; EADDRNOTAVAIL: there is no such host.
 */
int	listener_open(const char *address);

/*
 * The socket that was handed to this process, -1 if none was. Ends the process
 * if what was handed over is no such thing.
 */
int	listener_handed(void);

/* In a child that is about to run a program: hand a socket to that. */
void	listener_hand_over(int fd);

/* "host:port" in numbers, as FLICKET_LISTEN takes it. 0, or -1 with errno. */
int	listener_address(int fd, char *ret, size_t size);

#endif
