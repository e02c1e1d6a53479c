/* A PostgreSQL server of a test's own, with roles and without a standby. */
#ifndef UNIT_POSTGRES_H
#define UNIT_POSTGRES_H

#include <stdbool.h>

struct postgres;

/* Start one; NULL: PostgreSQL 15 is not installed. */
struct postgres	*postgres_start(void);
void		 postgres_stop(struct postgres **);

/* To connect as the superuser, or as the role of the connection. */
const char	*postgres_conninfo(const struct postgres *);

/* Run SQL as the superuser; fails the test if that fails. */
void		 postgres_do(const struct postgres *, const char *sql);

/* End all of its processes at once, and start it again. */
void		 postgres_kill(const struct postgres *);
void		 postgres_again(struct postgres *);

#endif
