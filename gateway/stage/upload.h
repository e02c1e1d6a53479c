/*
 * A file on its way in: out of the form that it came in (upload_decode()), in
 * chunks to the post service (the stage), which checks it and puts it on disk
 * under a name of its own making. With that name the request goes on.
 *
 * However that ends (a row for the file, a refusal, an answer from the first
 * time, a client that left), the service is told that the gateway is done with
 * the file: one that has no row by then is dropped.
 */
#ifndef STAGE_UPLOAD_H
#define STAGE_UPLOAD_H

#include "gateway/core/exchange.h"

/* Take the form apart; FLOW_DONE: refused. */
enum flow	upload_decode(struct exchange *);

enum flow	upload_begin(struct exchange *);

#endif
