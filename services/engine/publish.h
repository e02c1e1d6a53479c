/*
 * The writer's part: what a batch changed goes to the engine before the copy's
 * transaction is committed. What is not known is settled by a further claim.
 */
#ifndef ENGINE_PUBLISH_H
#define ENGINE_PUBLISH_H

#include <stdbool.h>

#include "base/services.h"
#include "services/engine/reign.h"

struct sqlite3;
struct publish;

/*
 * For the connection that the writer writes on. What is not known is left so when
 * the process is to end (`stopping`).
 */
struct publish	*publish_open(struct reign *, enum service_id,
		    struct sqlite3 *, const atomic_bool *stopping);
void		 publish_close(struct publish **);

enum publish_end {
	PUBLISH_DONE,		/* commit */
	PUBLISH_NOT_DONE,	/* roll back */
	PUBLISH_UNKNOWN		/* roll back; later entries of the log tell */
};

/*
 * In the transaction of a batch: before its first change, and behind its last.
 * False: it failed, and was logged.
 */
bool			publish_begin(struct publish *);
enum publish_end	publish_batch(struct publish *);

/* The transaction was committed, or rolled back, after DONE. */
void			publish_committed(struct publish *);
void			publish_lost(struct publish *);

/*
 * The last entry that the copy has. Also a batch that changed nothing, such as an
 * answer that was kept, tells of it.
 */
int64_t			publish_entry(const struct publish *);

/* Whether this process may write no more. */
bool			publish_is_over(const struct publish *);

#endif
