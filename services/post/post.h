/* The statements of the post service. */
#ifndef POST_POST_H
#define POST_POST_H

#include "services/op/op.h"

enum {
	SQL_OWN = SQL_COMMON_END - 1,
#define SQL(NAME, text) SQL_##NAME,
#include "services/post/sql.tbl"
#undef SQL
	SQL_END
};

#endif
