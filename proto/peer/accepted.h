/*
 * The connections that a listening socket has accepted, and a bound on them.
 *
 * If there are too many, the newest one of the peer with the most is shut down:
 * a peer is an address or, on this machine, a process. So the connections of
 * all others go on. The socket's owner closes the descriptor itself, perhaps
 * before that: it may belong to another connection by then, whose peer connects
 * again, but never to a file.
 */
#ifndef PEER_ACCEPTED_H
#define PEER_ACCEPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCEPTED_ADDRESS_SIZE	80
#define ACCEPTED_UNKNOWN	"an unknown address"

/* The other end: an address, or a process of this machine. */
struct origin {
	uint32_t	family;
	uint8_t		bytes[16];
};

/* A connection, from when it is accepted to when it is closed. */
struct accepted {
	int		fd;
	bool		ended;		/* shut down, and not closed yet */
	struct origin	origin;
	char		address[ACCEPTED_ADDRESS_SIZE];	/* for logs */
};

struct accepted_list {
	struct accepted	*rows;		/* the newest last */
	size_t		 count, size;
	size_t		 ended;		/* of them */
	size_t		 most;		/* that have not ended */
};

/* `most` is a part of the descriptors that the process may have. */
void	accepted_init(struct accepted_list *);
void	accepted_done(struct accepted_list *);

/*
 * Add a connection. Returns the one that was shut down because there were too
 * many, NULL if there were not; it is valid until the next call.
 */
const struct accepted	*accepted_add(struct accepted_list *, int fd);

/* The newest connection with this descriptor; NULL: it is not known. */
struct accepted	*accepted_find(const struct accepted_list *, int fd);

/* A connection was closed. */
void		 accepted_remove(struct accepted_list *, struct accepted *);

#endif
