/*
 * The four stores of a data folder, seen from outside: which is there, whose
 * it is, and whether they belong to one desk. Nothing is changed.
 */
#ifndef STORE_STORES_H
#define STORE_STORES_H

#include "services/store/service.h"

enum store_state {
	STORE_ABSENT,	/* no file, or one without anything in it */
	STORE_BEGUN,	/* its service was interrupted while it made it */
	STORE_THERE,
	STORE_OTHERS,	/* of another service */
	STORE_ODD	/* not a plain file, or not a database */
};

struct store_seen {
	enum store_state	state;
	enum service_id		whose;		/* of STORE_OTHERS */
	enum service_id		known_by;	/* has heard of another store in
						 * this place; SERVICE_ANY: none */
	int64_t			stream;
	bool			accepted;	/* --force-new was said */
	char			why[256];	/* STORE_ODD */
};

/* By enum service_id, in the working folder's stores/. */
void	stores_look(struct store_seen ret[SERVICE_END]);

/* Whether a path is that of a plain file, and not of a link to one. */
bool	stores_is_file(const char *path);

#endif
