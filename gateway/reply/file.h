/*
 * A file on its way out: FILE_OPEN's answer says what it is, then pieces of it
 * are asked for one after the other, as fast as the client takes them. The
 * head of the answer goes with the first piece, so that what fails before is
 * an error like any other; what fails later ends the connection.
 */
#ifndef REPLY_FILE_H
#define REPLY_FILE_H

#include "gateway/core/exchange.h"

/* Answer with the file that x->answer describes. */
enum flow	file_answer(struct exchange *);

#endif
