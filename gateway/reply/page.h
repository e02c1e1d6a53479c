/*
 * Pages beside the API: state, figures, the default picture, the explorer; and
 * those of the console.
 */
#ifndef REPLY_PAGE_H
#define REPLY_PAGE_H

#include "gateway/core/exchange.h"

/*
 * Whether a path is one of the pages that may stand below a path of the API. No
 * path of the console does.
 */
bool		page_find(struct text path);

/* Answer a path outside the API; NOT_FOUND if there is no such page. */
enum flow	page_answer(struct exchange *, struct text path);

#endif
