/*
 * The socket that clients connect to. A supervisor (flicketctl serve, systemd)
 * can keep it open while the gateway is started again, and hand it over as
 * descriptor 3, as sd_listen_fds(3) describes; in between the kernel queues
 * connections.
 */
#ifndef BASE_LISTENER_H
#define BASE_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#define LISTENER_HANDED_FD	3

/*
 * Listen on "host:port"; "*" stands for all addresses. Returns the
 * descriptor, or -1 with errno; EADDRNOTAVAIL: the host is not known.
 */
int	listener_open(const char *address);

/*
 * The socket that was handed to this process, -1 without one. Ends the process
 * if the descriptor is not a listening socket.
 */
int	listener_handed(void);

/* In a child that is about to run a program: hand a socket to that. */
void	listener_hand_over(int fd);

/* "host:port" in numbers, as FLICKET_LISTEN takes it. 0, or -1 with errno. */
int	listener_address(int fd, char *ret, size_t size);

/* What to do about an address that is in use, to end a message with. */
#define LISTENER_CHOOSE	"; another one: FLICKET_LISTEN=127.0.0.1:5001, or " \
			"port 0 for any that is free"

/*
 * Whether listening may succeed later on although it failed with this errno:
 * the address is in use, or something is short. Otherwise a setting is wrong.
 */
bool	listener_may_recover(int error);

#endif
