/* Labels of titles. */
#ifndef INDEX_LABELS_H
#define INDEX_LABELS_H

#include "services/ticket/index/columns.h"

/* Make slots' titles such that they can be sorted by; all of them anew. */
enum err	labels_update(struct call *, struct columns *);
enum err	labels_make(struct call *, struct columns *);

#endif
