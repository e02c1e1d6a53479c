/* What the files of the engine know of each other. */
#ifndef ENGINE_ENGINE_PRIVATE_H
#define ENGINE_ENGINE_PRIVATE_H

#include "services/engine/engine.h"
#include "services/engine/link.h"

struct engine {
	struct link		*link;
	const struct tables	*tables;	/* NULL: no rows are given */
	struct rows		*rows;		/* of the entry that is appended */
	char			 role[32];
	bool			 has_rows;	/* their statements are prepared */
	bool			 is_missing;	/* there is no store in it */
	struct buf		 error;
};

/* Be connected. DONE, AWAY, or MISSING; error is set. */
enum engine_end	engine_open(struct engine *);

/* The end that the failure of a statement outside of a commit means. */
enum engine_end	engine_failed(struct engine *);

/* The names of the prepared statements of a table. */
void		engine_statement_name(char kind, size_t table, char ret[24]);

#endif
