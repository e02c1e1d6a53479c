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
 * What is dated before this is over for good, and may be deleted: a day ago,
 * by a clock that was not seen to be set for an hour. While it was, and in a
 * process's first hour, that is nothing: INT64_MIN.
 */
int64_t	store_over(void);

#endif
