/*
 * Lists of users, as people look for somebody: by beginnings of words of the
 * name, username or address, by ids, those who can log in; in several orders.
 */
#ifndef USER_PEOPLE_H
#define USER_PEOPLE_H

#include "services/user/user.h"

/* Characters of Q, and values of WANTED_IDS. */
#define PEOPLE_Q_MOST	100
#define PEOPLE_IDS_MOST	100

/* The values of SORT, NULL after the last. */
extern const char *const	people_sorts[];

/*
 * A page of users. Every user may ask for those who can log in (DISABLED 0), as
 * nothing can be assigned to the others; only admins may ask for the others.
 */
op_run	people_list;

#endif
