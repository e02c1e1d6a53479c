/* Labels: numbers by which titles are sorted. */
#ifndef INDEX_LABELS_H
#define INDEX_LABELS_H

#include "services/ticket/index/columns.h"

/* Give a label to every slot whose title has changed. */
enum err	labels_update(struct call *, struct columns *);

/* Give new labels to all slots. */
enum err	labels_make(struct call *, struct columns *);

#endif
