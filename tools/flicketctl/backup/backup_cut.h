/*
 * A cut: all four stores as of one point, read through one connection, in
 * which each is the schema of its name (user.users, ticket.tickets).
 */
#ifndef BACKUP_BACKUP_CUT_H
#define BACKUP_BACKUP_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"

struct sqlite3;

/* In enum service_id's order, SERVICE_ANY's place empty. */
extern const struct service *const cut_services[];

struct cut {
	struct sqlite3 *db;
	int	 held_ms;	/* how long writes were, the last time */
	int	 tries;
	int64_t	 undelivered;	/* events that are not delivered */
	bool	 runs;		/* a service of the desk runs */

	/* called while writes are held, unless it is NULL */
	bool	(*while_held)(struct cut *, void *arg);
	void	*arg;
};

/*
 * Connect to the stores of the data folder, which is the working one; and
 * make the cut. Both false after a message.
 */
bool	cut_connect(struct cut *);
bool	cut_make(struct cut *, const struct settings *);

/* Connect to the stores of a backup, below a path. They do not change. */
bool	cut_connect_backup(struct cut *, const char *path);

void	cut_close(struct cut *);

/* The one number that a query is for; false after a message. */
#define CUT_SQL_SIZE	512
bool	cut_number(const struct cut *, int64_t *ret, const char *format, ...)
	    __attribute__((format(printf, 3, 4)));

#endif
