/*
 * The copy of a store that a host reads from: where it stands, how it follows the
 * log, and how it is made anew. It may be lost at any time, so nothing of it is
 * synced.
 */
#ifndef ENGINE_COPY_H
#define ENGINE_COPY_H

#include "services/engine/engine.h"
#include "services/store/service.h"

struct sqlite3;

/* Where a store stands; seq 0: it is no copy. */
struct engine_place	copy_place(struct sqlite3 *);

/* The same of a file that is there, and its schema. */
struct engine_place	copy_look(const char *path, int64_t *ret_schema);

/* Note it, in the transaction that brings the store there. */
bool			copy_set_place(struct sqlite3 *, struct engine_place);

/* --- following -------------------------------------------------------------------- */

/* A connection to a copy that entries are applied on, and nothing else. */
struct copy;

/* Dies if the file is not there: copy_fetch() makes it. */
struct copy	*copy_open(const char *path);
void		 copy_close(struct copy **);

/* Where it stood when it was opened or followed last. */
struct engine_place	copy_stands_at(const struct copy *);

/*
 * Apply the next entries that the log has; *ret_more: there may be more. GONE: the
 * copy cannot go on, and is to be made anew. FAILED: it cannot be written to, or
 * the engine refused; later it may be well.
 */
enum engine_end	 copy_follow(struct copy *, struct engine *, bool *ret_more);

/* --- making ------------------------------------------------------------------------ */

/*
 * Make a copy of what the engine has, with the engine's schema. The file takes
 * the place of one that is there once it is whole. Processes that have the old
 * one open are to open it anew.
 */
enum engine_end	 copy_fetch(const struct service *, const char *conninfo,
		    const char *path, struct engine_head *ret);

/* Remove a copy, so that it is made anew. */
void		 copy_remove(const char *path);

/*
 * Put a store that is no copy into an engine that has none: then it is a copy.
 * `progress` as in engine_put(), or NULL. The store has its place before the
 * engine has the store, so that one that was put is known for what it is,
 * whenever this is killed; also where it is UNKNOWN.
 */
enum engine_end	 copy_put(const struct service *service, const char *conninfo,
		    const char *path, engine_progress *progress, void *arg,
		    struct buf *ret_error);

/* A store that was to be put, and is in no engine, is no copy. */
bool		 copy_leave(const char *path);

/*
 * A store that was put, and is used without its engine, is another one from then
 * on: its reign is noted as a negative number, which no log has.
 */
bool		 copy_use_alone(const char *path);

/*
 * Bring the engine's store, and the copy, to the newest schema, as the writer of
 * a reign. The copy has all entries.
 */
enum engine_end	 copy_upgrade(const struct service *, const char *conninfo,
		    const char *path, int64_t reign);

#endif
