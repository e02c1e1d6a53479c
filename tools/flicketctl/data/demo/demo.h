/* `flicketctl generate --demo`: a small desk to look at. */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

/*
 * Fill a data folder that holds no desk. `password` is that of everybody; NULL: one is made up. `cost` is that of its
 * hash. Who can log in, and how, is printed and kept in PATHS_DEMO. Returns the exit status.
 */
int	demo_make(const char *data, const char *password, int cost);

#endif
