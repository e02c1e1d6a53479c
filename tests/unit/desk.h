/* A service's store in a folder of its own, opened as the service does. */
#ifndef UNIT_DESK_H
#define UNIT_DESK_H

#include "services/op/op.h"
#include "unit.h"

struct desk {
	char			 folder[FOLDER_SIZE];
	char			 path[FOLDER_SIZE + 16];
	struct settings		 settings;
	struct op_tables	 tables;
	struct session		 session;		/* that can write */
	struct sqlite3		*sqlite;	/* its connection */
};

extern struct desk	desk;	/* of the test that runs */

/* A test that has a new desk of a service: an element of a CMUnitTest[]. */
#define ON_DESK(service, sentence, f) \
	{ sentence, f, desk_set_up, desk_tear_down, (void *)(service) }

/* Its fixture; the state it begins with is the service. */
int	desk_set_up(void **state);
int	desk_tear_down(void **state);

/* Settings as the tests have them: the admin's password is "Password1". */
struct settings	desk_settings(void);

/* Make a store, seed it, check the tables, open a lane. */
void	desk_open(struct desk *, const struct service *);
void	desk_close(struct desk *);

/* Have the service load its index of the store anew, beside the test. */
void	desk_load_index(struct desk *);

/* Begin a call: nothing in it but the operation, and the actor 1. */
void	desk_begin(struct call *, enum op_code);

/* Run a call on the desk's lane, and say how it ended. */
enum err desk_call(struct desk *, struct call *);

/* Free what a call has. */
void	desk_end(struct call *);

/* The number in the first column of a query's first row, -1 for no row. */
int64_t	desk_number(struct desk *, const char *query);

#endif
