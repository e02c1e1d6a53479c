/*
 * A new store that the other services do not know, while they know another one.
 * That one was lost, or is on a disk that is not mounted, or they are another
 * desk's. With the new store a desk that is in use would begin again, with the
 * first password of its admin. So a service asks the consumers of its events,
 * with a PING, what they have heard of its store: before it makes a new one,
 * and when its relay first hears of them.
 *
 * --force-new says that the new store is wanted.
 */
#ifndef RELAY_NEWCOMER_H
#define RELAY_NEWCOMER_H

#include "services/op/op.h"

/*
 * Add to a PING's arguments the question which events of this stream of the
 * source are known (0: it has no stream yet). op_ping() answers it.
 */
void	newcomer_put(struct args *, enum service_id source, int64_t stream);

/* End the process, if an answer tells of another store and not of this one. */
void	newcomer_look(const struct answer *, enum service_id self,
	    enum service_id asked);

/*
 * Ask the services of a mask (bits by enum service_id) that can be reached now.
 * Ends the process if one of them knows another store.
 */
void	newcomer_ask(const struct settings *, enum service_id self,
	    uint64_t mask, int64_t stream);

#endif
