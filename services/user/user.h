/* The statements of the user service. */
#ifndef USER_USER_H
#define USER_USER_H

#include "services/op/op.h"

enum {
	SQL_OWN = SQL_COMMON_END - 1,
#define SQL(NAME, text) SQL_##NAME,
#include "services/user/sql.tbl"
#undef SQL
	SQL_END
};

#endif
