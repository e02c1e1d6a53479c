/* How a list is sorted, by Flicket's names of sorts. */
#ifndef LIST_SORTING_H
#define LIST_SORTING_H

#include "services/ticket/index/columns.h"

struct sorting {
	enum sort	by;
	bool		descending;

	/*
	 * For sorts by names, a statement that finds the names of a ticket, and
	 * one that finds the first ticket, user or category at or after given
	 * names. SQL_NONE: a sort by numbers.
	 */
	int		names;
	int		place;
	enum key	place_keys[2];	/* its parameters; KEY_NONE: one only */
};

/* All values of `sort`; NULL ends them. */
extern const char *const	sorting_values[];

/* Read the request's `sort`; BAD_REQUEST lists the names. */
enum err	sorting_read(struct call *, struct sorting *ret);

/* Sort and direction as one number, for cursors. */
uint8_t		sorting_number(const struct sorting *);

#endif
