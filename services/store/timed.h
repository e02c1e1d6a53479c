/*
 * SQLite's files, with a clock beside each sync, and an index of a log that
 * is an error, and not a signal, where the disk has no room for it.
 */
#ifndef STORE_TIMED_H
#define STORE_TIMED_H

/* Have all stores that are opened from here on timed. Dies if it cannot. */
void	timed_start(void);

#endif
