/* Ranks of names. */
#ifndef LIST_RANKS_H
#define LIST_RANKS_H

#include "services/ticket/list/columns.h"

/* Make ranks such that slots can be sorted by them. */
enum err	columns_rank(struct call *, struct columns *);

#endif
