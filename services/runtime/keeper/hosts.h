/*
 * The processes of a service on other hosts, as a keeper sees them. The one that
 * writes tells of new entries at once, and has answers wait until the copies of
 * all hosts that it hears of have what they tell of.
 */
#ifndef KEEPER_HOSTS_H
#define KEEPER_HOSTS_H

#include <czmq.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/services.h"
#include "base/settings.h"

/* Whether processes of the service may be on other hosts, too. */
bool		 hosts_are_named(const struct settings *, enum service_id);

struct hosts;

/*
 * `instance`: of this process (PING), which is among those that are found. NULL:
 * the service is on this host alone.
 */
struct hosts	*hosts_new(const struct settings *, enum service_id,
		    int64_t instance);
void		 hosts_destroy(struct hosts **);

/*
 * Take in what they said, and send PINGs that are due. `entry`: the last one that
 * the copy has; 0: it follows nobody.
 */
void		 hosts_turn(struct hosts *, int64_t entry);

/* Tell the writer at once that the copy has this entry. */
void		 hosts_tell(struct hosts *, int64_t entry);

/* The newest entry that a writer has told of; and when one was heard last, ms of
 * clock_ms(), 0 never. */
int64_t		 hosts_newest(const struct hosts *);
int64_t		 hosts_heard_ms(const struct hosts *);

/* Wait until one of them says something, or the pipe does: then true. */
bool		 hosts_wait(struct hosts *, zsock_t *pipe, int64_t most_ms);

#endif
