/*
 * A whole list as a file: pieces of it are asked for one after the other, as
 * fast as the client takes them, so that a slow reader holds one piece, and no
 * read of the store lasts longer than one takes. Before each is sent, the token
 * is looked up again.
 */
#ifndef REPLY_EXPORT_H
#define REPLY_EXPORT_H

#include "gateway/core/exchange.h"

/* Answer with the list whose first piece x->answer is. */
enum flow	export_answer(struct exchange *);

#endif
