/* Ranks of names. */
#ifndef INDEX_RANKS_H
#define INDEX_RANKS_H

#include "services/ticket/index/columns.h"

/* Make ranks such that slots can be sorted by them. */
enum err	ranks_update(struct call *, struct columns *);

#endif
