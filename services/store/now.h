/* The time that rows are dated with. */
#ifndef STORE_NOW_H
#define STORE_NOW_H

#include <stdint.h>

/*
 * Now, in microseconds since 1970: never the same twice in one process, and
 * never less than before, unless the wall clock was set back (base/clock.h).
 */
int64_t	store_now(void);

/*
 * Rows that are dated before this may be deleted: a day ago, by a clock that was
 * not set within the last hour. In a process's first hour, and for an hour after
 * the clock was set, it is INT64_MIN: nothing may be deleted.
 */
int64_t	store_over(void);

#endif
