/* Pictures of users, in and out: the body is the picture itself. */
#ifndef REPLY_PICTURE_H
#define REPLY_PICTURE_H

#include "gateway/core/exchange.h"

/* Take the body as arguments; FLOW_DONE: refused. */
enum flow	picture_decode(struct exchange *);

/* Answer with the picture that x->answer has. */
enum flow	picture_answer(struct exchange *);

#endif
