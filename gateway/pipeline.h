/* What a request goes through. */
#ifndef GATEWAY_PIPELINE_H
#define GATEWAY_PIPELINE_H

#include "gateway/worker.h"

/* Begin with a request that h2o hands over whole. */
void	pipeline_start(struct worker *, h2o_req_t *);

#endif
