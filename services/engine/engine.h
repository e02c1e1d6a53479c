/*
 * The engine: PostgreSQL holds a service's store and decides what is in it. A
 * copy of the store in SQLite is read from; it may be lost at any time.
 *
 * The copy's writer appends what a batch changed as the next entry of a log, and
 * the rows with it, in one transaction, which a synchronous standby has before
 * the batch is answered. Other copies follow the log. A writer is told from its
 * predecessors by its reign, a random number: an entry of another reign than the
 * last one claimed is refused, whatever any clock says. A lease only tells when
 * others may try to claim.
 *
 * An engine is used by one thread. What it waits for has bounds of seconds.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/services.h"
#include "services/store/patch_each.h"
#include "services/store/tables.h"

enum engine_end {
	ENGINE_DONE,
	ENGINE_REFUSED,	/* another one writes; nothing was done */
	ENGINE_UNKNOWN,	/* it may have been done: a later claim tells */
	ENGINE_AWAY,	/* no server was reached; nothing was done */
	ENGINE_MISSING,	/* the engine has no store of this service */
	ENGINE_GONE,	/* the place is not in the log */
	ENGINE_STOPPED,	/* the caller's function ended it */
	ENGINE_FAILED	/* the server refused it; nothing was done */
};

/* A place in a log. The reign tells histories apart that have equal numbers. */
struct engine_place {
	int64_t	seq;
	int64_t	reign;
};

struct engine_head {
	struct engine_place	last;		/* the last entry */
	int64_t			reign;		/* of who claimed last */
	int64_t			schema;		/* of the store */
	bool			is_free;	/* the lease has ended */
	char			owner[128];	/* who claimed last */
};

struct engine;

/*
 * `conninfo`: as libpq takes it, with several hosts if there are several. The
 * role and the schema are called flicket_NAME. `tables`: of the store, where
 * rows are given or taken; they outlive the engine.
 */
struct engine	*engine_new(const char *conninfo, enum service_id,
		    const struct tables *);
void		 engine_destroy(struct engine **);

/* Why something was not DONE, in words; valid until the next call. */
const char	*engine_error(const struct engine *);

/* Whether a conninfo can be read; if not, why. Valid until the next call. */
const char	*engine_refuse_conninfo(const char *);

/* Call for each file that a conninfo names. */
void		 engine_each_file(const char *conninfo,
		    void (*file)(const char *path));

/* --- who writes ------------------------------------------------------------------- */

enum engine_end	 engine_look(struct engine *, struct engine_head *ret);

/* A number for a new reign; not 0. */
int64_t		 engine_new_reign(void);

/*
 * Become the writer, if the lease of the last one has ended or is the owner's
 * own. From then on no entry of an earlier reign is added. What was UNKNOWN is
 * at ret->last, or never will be.
 */
enum engine_end	 engine_claim(struct engine *, const char *owner,
		    struct engine_head *ret);

/* Keep the lease of a reign. */
enum engine_end	 engine_renew(struct engine *, int64_t reign);

/* Keep it for ten minutes, for what nothing renews it in: an upgrade. */
enum engine_end	 engine_extend(struct engine *, int64_t reign);

/* Give it up, so that others can claim at once. */
void		 engine_resign(struct engine *, int64_t reign);

/* Drop entries that no copy is likely to need any more; as the writer. */
void		 engine_trim(struct engine *, int64_t reign);

/* --- entries ---------------------------------------------------------------------- */

/*
 * Append the patch of a batch, and the rows that it changed. `place`: that of the
 * new entry, whose seq is the last one's plus one.
 */
enum engine_end	 engine_append(struct engine *, struct engine_place,
		    struct text patch, struct patch_each *);

/* False ends the reading. */
typedef bool	 engine_take(void *arg, struct engine_place, struct text patch);

/*
 * Give entries behind a place, in their order; some of them if there are many.
 * DONE without a call: the log has no later entry. GONE: it lacks the place.
 */
enum engine_end	 engine_since(struct engine *, struct engine_place,
		    engine_take *, void *arg);

/* --- whole stores ------------------------------------------------------------------ */

/* Told now and then how many rows have gone. False ends it. */
typedef bool	 engine_progress(void *arg, int64_t rows);

/*
 * Put a store into the engine as its first entry, of that place; all or nothing.
 * A store that is there is replaced if `replace`, which only its writer may ask
 * for, else it is REFUSED. In a transaction of the store that changes nothing.
 */
enum engine_end	 engine_put(struct engine *, struct sqlite3 *, int64_t schema,
		    struct engine_place, bool replace, engine_progress *,
		    void *arg);

/*
 * Remove the store of a reign that nobody has claimed since: what engine_put()
 * put. REFUSED: somebody has, or it is another one.
 */
enum engine_end	 engine_drop(struct engine *, int64_t reign);

/*
 * Fill a store that was laid out with the engine's schema, and has no triggers
 * that run; rows that are in it are replaced. In a transaction, which is to be
 * rolled back unless it is DONE.
 */
enum engine_end	 engine_fetch(struct engine *, struct sqlite3 *,
		    struct engine_head *ret, engine_progress *, void *arg);

/*
 * Compare the rows of a store, in a read transaction, with those of the engine at
 * the same place (GONE: it is at another one). The tables that differ are appended
 * to ret, with blanks between.
 */
enum engine_end	 engine_compare(struct engine *, struct sqlite3 *,
		    struct engine_place, struct buf *ret);

#endif
