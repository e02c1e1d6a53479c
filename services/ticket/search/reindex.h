/*
 * Giving the search index the form that words have in this program
 * (base/words.h), where it has an earlier one (migrations/007_words.sql). It
 * serves meanwhile.
 */
#ifndef SEARCH_REINDEX_H
#define SEARCH_REINDEX_H

#include "services/op/op.h"

/*
 * REINDEX, on the writer lane: index the next tickets, or have the replies
 * told. The total is not 0 while there is more to do for it.
 */
op_run	reindex_run;

/*
 * TEXTS_TOLD: the texts of replies after the one of POST_ID, up to that of ID,
 * were told; 0: there were no more.
 */
op_run	reindex_told;

/* Whether some texts may be in the earlier index only. */
enum err	reindex_is_under_way(struct call *, bool *ret);

#endif
