/*
 * What an operator asks of an engine: what its server promises, and how much the
 * log holds.
 */
#ifndef ENGINE_SURVEY_H
#define ENGINE_SURVEY_H

#include "services/engine/engine.h"

struct engine_server {
	char	version[64];
	char	role[64];		/* that statements run as */
	bool	has_schema;		/* in which the role can make tables */
	int64_t	tables;			/* in it */
	bool	syncs;			/* fsync */
	bool	writes_pages;		/* full_page_writes */
	bool	commits_at_once;	/* synchronous_commit, for our sessions */
	char	waits_for[256];		/* synchronous_standby_names */
	char	standbys[256];		/* that stream, of those */
	bool	hides_standbys;		/* there are some; the role may not see more */
	char	others[128];		/* schemas of other services that the role
					 * can look into, with blanks between */
};

/* Also of an engine that has no store of this service yet. */
enum engine_end	engine_survey(struct engine *, struct engine_server *ret);

/*
 * Commit something that leaves nothing behind, as an entry is committed. UNKNOWN:
 * no standby had it in time. *ret_ms: how long it took.
 */
enum engine_end	engine_try_commit(struct engine *, int64_t *ret_ms);

struct engine_log {
	int64_t	entries;
	int64_t	bytes;		/* on the server's disk */
	int64_t	lease_ms;	/* left of the writer's; since it ended, below 0 */
	bool	was_resigned;	/* it was given up, or nobody has claimed yet */
};

enum engine_end	engine_measure(struct engine *, struct engine_log *ret);

#endif
