/*
 * Sending to a peer of a ROUTER socket without waiting. ZeroMQ bounds how many
 * messages wait for a peer that does not read, but neither their size nor the
 * number of such peers. This bounds the bytes that wait: for each peer, and
 * for all peers together. One thread sends.
 */
#ifndef SOCKET_SENDER_H
#define SOCKET_SENDER_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Send a message and leave the buffer empty; its memory may be another. The
 * message is dropped if too much waits for the peer, which asks again. False
 * if the peer is gone, and further messages to it are of no use.
 */
bool	sender_send(void *router, struct text peer, struct buf *message);

#endif
