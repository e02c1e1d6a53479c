/*
 * Metrics: cells that any thread may add to, and their text for Prometheus.
 * A cell costs one relaxed atomic addition. Before metrics_start() nothing is
 * counted.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include <stdatomic.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/services.h"

enum metric {
#define METRIC(NAME, KIND, PART, D1, D2, name, help) METRIC_##NAME,
#include "base/metrics.tbl"
#undef METRIC
	METRIC_END
};

enum part { PART_GATEWAY = 1, PART_SERVICE = 2, PART_ALL = 3 };

/* Labels whose values are named elsewhere, and how many those are at most. */
enum metric_label { LABEL_OPERATION, LABEL_ERROR, LABEL_ROUTE, LABEL_END };

#define OPERATIONS_MOST	256
#define ERRORS_MOST	64
#define ROUTES_MOST	256	/* routes that have series of their own */

/* Choose the metrics of this part of the desk. */
void	metrics_start(enum part);

/*
 * How the values of a label are written, `error="NOT_FOUND"`, as one label or
 * several; until that is said, they are not.
 */
void	metrics_name(enum metric_label, void (*put)(struct buf *, unsigned));

/* Which row of METRIC's second dimension STATUS a status has. */
unsigned metrics_status(int status);

/* Add to a counter or gauge. Indexes are into its dimensions; 0 of NONE. */
void	metric_add(enum metric, unsigned first, unsigned second, int64_t n);
void	metric_set(enum metric, unsigned first, int64_t n);
int64_t	metric_get(enum metric, unsigned first);

/* Into a histogram: microseconds, or a count. */
void	metric_observe(enum metric, unsigned first, int64_t value);

/* Everything, in the text format 0.0.4. */
void	metrics_put(struct buf *);

/* The table: as Markdown for documents, or for a terminal. */
void	metrics_print(FILE *, bool markdown);

#endif
