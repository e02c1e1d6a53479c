/*
 * Shapes: a statement's row as a JSON object. A shape is a table in a
 * service's service.c, one row a member, in the order of the output (Flicket
 * sorts keys). It is compiled once, for the statement's columns, into pieces of
 * text with values between.
 */
#ifndef OP_SHAPE_H
#define OP_SHAPE_H

#include "base/buf.h"
#include "proto/tables.h"
#include "services/store/statement.h"

enum member_kind {
	SHAPE_END,
	SHAPE_INT,	/* a number */
	SHAPE_TEXT,	/* a text */
	SHAPE_UNKNOWN,	/* a text; "unknown" where it is null or empty */
	SHAPE_DATE,	/* microseconds since 1970 as an HTTP date */
	SHAPE_JSON,	/* a JSON object as it is stored */
	SHAPE_NAMES,	/* a JSON array of texts as it is stored */
	SHAPE_HOURS,	/* hundredths as a number with two decimals */
	SHAPE_BOOL,	/* 0 and 1 as false and true */
	SHAPE_LINK,	/* a URL with the column's value in it */
	SHAPE_OPEN,	/* an object begins */
	SHAPE_CLOSE	/* ... and ends */
};

/*
 * A member without `may_be_null` is never null, and the description of the API
 * says so. Where the column is NULL all the same (an import takes over rows as
 * they are), it has the empty value of its kind: "", 0, false, the beginning of
 * 1970, a URL without the value.
 *
 * A LINK's url has one '%' where the value goes, or none; with none, the
 * column only decides between the link and null, and no column is always
 * the link. `absent` is the URL for null or an empty text.
 */
struct member {
	const char		*name;
	enum member_kind	 kind;
	const char		*column;	/* NULL: named as the member */
	enum placeholder	 root;		/* placeholder of its root */
	const char		*url;
	const char		*absent;
	bool			 extra;		/* only when `fields` names it */
	bool			 may_be_null;
};

struct shape {
	const char		*name;
	const struct member	*members;	/* SHAPE_END ends them */
};

struct shape_plan;

/*
 * Compile a shape for a statement. Dies, naming shape, member and statement,
 * if the statement has no such column.
 */
struct shape_plan *shape_compile(const struct shape *, const struct stmt *,
		    const char *statement_name);

/*
 * The same, with only the members of the first level that `fields` names, with
 * commas between. NULL if the shape does not have one of them; *ret_unknown then
 * is its name.
 */
struct shape_plan *shape_choose(const struct shape *, const struct stmt *,
		    struct text fields, struct text *ret_unknown);
void		 shape_plan_destroy(struct shape_plan **);

/* Append the row that a run stands at as an object. */
void		 shape_put(const struct shape_plan *, const struct stmt *,
		    struct buf *);

#endif
