/* The values of a list's parameters: ids and names, with commas between. */
#ifndef LIST_VALUES_H
#define LIST_VALUES_H

#include "services/ticket/index/columns.h"

#define VALUES_MOST	100	/* in one parameter */

/* Ids, without duplicates. */
struct ids {
	int64_t	id[VALUES_MOST];
	size_t	count;
	bool	unassigned;	/* the word `unassigned` was among them */
};

/* How much of a value a message repeats, in bytes: for "%.*s". */
int		value_shown(struct text);

/* Take the next value and the comma behind it; false: it is the last one. */
bool		values_next(struct text *left, struct text *ret);

/*
 * Read ids. In parameters for users, the word `me` is the id of the one who
 * asks; in ASSIGNED_IDS there may be the word `unassigned`.
 */
enum err	values_read_ids(struct call *, enum key, struct ids *ret);

/*
 * Read names, and mark in `wanted` the codes of the ids that a statement finds
 * for each, as its parameter `key`. Names may contain commas, so each is read
 * as the longest name that is known.
 */
enum err	values_read_names(struct call *, enum key, int sql,
		    const struct codes *, uint8_t *wanted);

/* Mark the code of an id, if it has one. */
void		values_want(uint8_t *wanted, const struct codes *, int64_t id);

/*
 * Leave of what was wanted before, if anything was, only what is in `wanted`,
 * too. Takes ownership of `wanted`.
 */
void		values_narrow(uint8_t **have, uint8_t *wanted, size_t count);

#endif
