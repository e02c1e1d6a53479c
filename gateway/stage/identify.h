/*
 * The stage that identifies the user who asks. A token is looked up by its hash:
 * in the worker's cache, else by the user service. A name and a password are
 * checked by the user service.
 */
#ifndef STAGE_IDENTIFY_H
#define STAGE_IDENTIFY_H

#include "gateway/core/exchange.h"

/* Bytes of a name and a password in base64; longer ones are refused. */
#define IDENTIFY_CREDENTIALS_MOST	1024

#define IDENTIFY_FOREIGN	"The request comes from a page that is not of this " \
				"desk, or without the header field " \
				"Flicket-Console."

enum flow	identify_begin(struct exchange *);
enum flow	identify_done(struct exchange *, const struct answer *);

/*
 * For later looks at the token: go on with the user service's answer.
 * FLOW_NEXT: it is good, x->rights may be others than before; FLOW_WAIT: the
 * service is asked again; FLOW_DONE: refused.
 */
enum flow	identify_again(struct exchange *, const struct answer *);

#endif
