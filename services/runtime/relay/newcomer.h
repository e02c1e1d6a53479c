/*
 * A store that the other services do not know, beside theirs, which know
 * another one: it was lost, is on a disk that is not mounted, or is another
 * desk's. With it a desk that is in use would begin anew, with the first
 * password of its admin. So those that a service tells of its changes are
 * asked, with a PING, what they have heard of its store: before a new one is
 * made, and by the relay when it first hears of them.
 *
 * --force-new says that it is meant to be.
 */
#ifndef RELAY_NEWCOMER_H
#define RELAY_NEWCOMER_H

#include "services/op/op.h"

/*
 * What a PING asks with: which events of this stream of the source are known?
 * 0: the source has no stream yet. op_ping() answers it.
 */
void	newcomer_put(struct args *, enum service_id source, int64_t stream);

/* End the process, if an answer tells of another store and not of this one. */
void	newcomer_look(const struct answer *, enum service_id self,
	    enum service_id asked);

/*
 * Ask all that a mask has (bits by enum service_id) and that can be reached
 * now. Ends the process if one of them knows another store.
 */
void	newcomer_ask(const struct settings *, enum service_id self,
	    uint64_t mask, int64_t stream);

#endif
