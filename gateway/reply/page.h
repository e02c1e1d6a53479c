/* Pages beside the API: state, figures, the default picture, the explorer. */
#ifndef REPLY_PAGE_H
#define REPLY_PAGE_H

#include "gateway/core/exchange.h"

/* Whether a path is one of the pages. */
bool		page_find(struct text path);

/* Answer a path outside the API; NOT_FOUND if it is not a page. */
enum flow	page_answer(struct exchange *, struct text path);

#endif
