/*
 * Sending to a peer of a ROUTER, without waiting. ZeroMQ bounds how many
 * messages wait for a peer that does not read, not how large they are, nor
 * how many peers there are; here it is bytes that are counted, of each peer
 * and of all together. One thread sends.
 */
#ifndef RUNTIME_SENDER_H
#define RUNTIME_SENDER_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Send a message, and empty it; it may have another buffer then. A peer that
 * does not take what it is sent loses it, and asks again. False: the peer is
 * gone, and has no use for any.
 */
bool	sender_send(void *router, struct text peer, struct buf *message);

#endif
