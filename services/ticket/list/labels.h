/* Labels of titles. */
#ifndef LIST_LABELS_H
#define LIST_LABELS_H

#include "services/ticket/list/columns.h"

/* Make slots' titles such that they can be sorted by; all of them anew. */
enum err	columns_label(struct call *, struct columns *);
enum err	columns_label_all(struct call *, struct columns *);

#endif
