/* Tickets of the test's desk, for tests that compare what SQL says of them. */
#ifndef UNIT_TICKETS_H
#define UNIT_TICKETS_H

#include "desk.h"

/* Run statements, put together as sqlite3_mprintf() does. */
void	run(const char *format, ...);

/* A number below `most`, as by chance, but the same in each run of a program. */
unsigned	below(unsigned most);

/* Departments and categories; some have no name, or no department. */
void	write_departments(void);

/* A parameter of a list, and the same as SQL: t is a ticket. */
struct filter_row {
	enum key	 key;
	const char	*value;
	const char	*sql;
};

/* Give arguments some filters of a table, up to `most`; *where says the same. */
void	pick_filters(const struct filter_row *, size_t count, unsigned most,
	    struct args *, struct buf *where);

#endif
