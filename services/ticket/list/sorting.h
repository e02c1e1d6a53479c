/* How a list is sorted: Flicket's names of sorts, and what they go by. */
#ifndef LIST_SORTING_H
#define LIST_SORTING_H

#include "services/ticket/index/columns.h"

struct sorting {
	enum sort	by;
	bool		descending;

	/*
	 * What is sorted by names has a statement that finds those of a ticket,
	 * and one that finds what is first at or after some names, which are
	 * its parameters. SQL_NONE: it is sorted by numbers.
	 */
	int		names;
	int		place;
	enum key	place_keys[2];	/* KEY_NONE: one name only */
};

/* Read the request's `sort`; BAD_REQUEST names those that there are. */
enum err	sorting_read(struct call *, struct sorting *ret);

/* The sort and its direction, as a cursor has them. */
uint8_t		sorting_number(const struct sorting *);

#endif
