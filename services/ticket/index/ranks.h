/* Ranks: numbers by which users and categories are sorted by their names. */
#ifndef INDEX_RANKS_H
#define INDEX_RANKS_H

#include "services/ticket/index/columns.h"

/* Rank users and categories anew if a name has changed. */
enum err	ranks_update(struct call *, struct columns *);

#endif
