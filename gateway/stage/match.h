/*
 * The stage that finds the route. A path outside the API is a page, which is
 * answered here (reply/page.h).
 */
#ifndef STAGE_MATCH_H
#define STAGE_MATCH_H

#include "gateway/core/exchange.h"

/* Bytes that a form may have besides the file in it. */
#define MATCH_UPLOAD_SLACK_BYTES	65536

enum flow	match_begin(struct exchange *);

#endif
