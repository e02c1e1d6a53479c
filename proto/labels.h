/* Names of operations and errors in the labels of metrics. */
#ifndef PROTO_LABELS_H
#define PROTO_LABELS_H

/* To be called before metrics are shown. */
void	labels_name(void);

#endif
