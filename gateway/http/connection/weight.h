/* The memory that connections hold, and the end of the heaviest. */
#ifndef CONNECTION_WEIGHT_H
#define CONNECTION_WEIGHT_H

#include "gateway/worker.h"

/* End the worker's connections that hold most, until so many bytes are free. */
void	weight_relieve(struct worker *, int64_t bytes, int64_t now_ms);

#endif
