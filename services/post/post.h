/* What the files of the post service share. */
#ifndef POST_POST_H
#define POST_POST_H

#include "services/common/op.h"

enum {
	SQL_OWN = SQL_COMMON_END - 1,
#define SQL(NAME, text) SQL_##NAME,
#include "sql.tbl"
#undef SQL
	SQL_END
};

#endif
