/* The answer to GET settings: what the desk was started with. */
#ifndef REPLY_SETTINGS_H
#define REPLY_SETTINGS_H

#include "gateway/core/exchange.h"

/*
 * Answer with all settings of this process, in the order of the table. A secret
 * is "set" or null.
 */
enum flow	settings_answer(struct exchange *);

#endif
