/* The way of a request: which stages it goes through, in which order. */
#ifndef GATEWAY_PIPELINE_H
#define GATEWAY_PIPELINE_H

#include "gateway/worker.h"

struct stage;

/* Begin with a request that h2o hands over whole. */
void	pipeline_start(struct worker *, h2o_req_t *);

/* The table, for tests: STAGE_END rows. */
const struct stage	*pipeline_stages(void);

#endif
