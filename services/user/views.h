/* Views: lists of tickets under a name, of a user or for everybody. */
#ifndef USER_VIEWS_H
#define USER_VIEWS_H

#include "services/user/user.h"

/* op_one() of a statement that stores VIEW_NAME as NAME. */
op_run	views_put;

#endif
