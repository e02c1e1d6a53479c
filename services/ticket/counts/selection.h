/* Selections: which slots a list has, in no order. */
#ifndef COUNTS_SELECTION_H
#define COUNTS_SELECTION_H

#include "services/ticket/list/list.h"

/* Either few slots, or a bit for each slot, or all slots. */
struct selection {
	uint32_t	*few;	/* slots; NULL: they are in `bits` */
	const uint64_t	*bits;	/* by slot; NULL without `few`: all */
	uint64_t	*own;	/* the bits, if no other list can use them */
	size_t		 count;
};

/*
 * Select the slots of a list. The selection is valid until the next one;
 * selection_done() in any case. The list's filter may be empty afterwards.
 */
void	selection_make(struct list *, struct selection *ret);
void	selection_done(struct selection *);

/* Whether it is of all slots; those are counted already. */
static inline bool
selection_is_all(const struct selection *s)
{
	return s->few == NULL && s->bits == NULL;
}

/* Count the slots of a selection that is not of all; facet_counts_done(). */
void	selection_count(const struct selection *, const struct columns *,
	    struct facet_counts *ret);

#endif
