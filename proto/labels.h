/* What metrics call operations and errors. */
#ifndef PROTO_LABELS_H
#define PROTO_LABELS_H

/* Before metrics are shown. */
void	labels_name(void);

#endif
