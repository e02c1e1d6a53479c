/* A client's connection as the kernel sees it. */
#ifndef CONNECTION_TCP_H
#define CONNECTION_TCP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Bytes that have come since it was opened: libh2o keeps only the size of what
 * it read last.
 */
uint64_t	tcp_received(int fd);

/* Bytes that the other end has taken. */
uint64_t	tcp_taken(int fd);

/* Whether bytes wait to be read. */
bool		tcp_has_input(int fd);

/* End it when what was written has been sent; reading finds the end. */
void		tcp_shut(int fd);

/* End it at once; nothing that is on its way is taken in. */
void		tcp_cut(int fd);

#endif
