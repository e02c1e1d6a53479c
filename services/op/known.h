/*
 * Answers that the asker has. Who sends If-None-Match is told that its tag
 * still holds, without the rows being looked at: for as long as nothing has
 * been committed to the store, the same question has the same answer.
 */
#ifndef OP_KNOWN_H
#define OP_KNOWN_H

#include "services/op/op.h"

/* What a lane remembers, of its last questions. */
struct known	*known_new(void);
void		 known_destroy(struct known **);

/*
 * Answer a READ that has IF_NONE_MATCH: with its tag and no fragment if the
 * asker has it, with what `run` makes of it otherwise.
 */
enum err	 known_run(struct call *, op_run *run);

/* What goes by the time changes without a commit. */
bool		 known_goes_by_time(const struct call *);

/*
 * The version of the call's store (db_version()).
 */
enum err	 known_version(struct call *, int64_t *ret);

#endif
