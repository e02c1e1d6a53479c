/*
 * Parts of the gateway that are played in a test, whole: a test that is linked
 * with one of them (fake-bus, fake-respond, fake-connection) does not get the
 * gateway's own.
 */
#ifndef UNIT_FAKES_H
#define UNIT_FAKES_H

#include "gateway/bus/bus.h"
#include "gateway/core/exchange.h"

/* The bus, which keeps what it is asked last and answers nothing. */
extern struct fake_bus {
	unsigned	asked;		/* how often */
	int		part;
	enum op_code	op;
	struct args	args;
	int64_t		deadline_ms;
	int64_t		expires_ms;
	bool		refuses;	/* no process can be asked */

	/* of the user service */
	bool		is_up;
	bool		slept;
	int64_t		heard_ms;
} fake_bus;

/* What respond.c was told to answer. */
extern struct responded {
	enum err	error;		/* OK: it was not an error */
	char		message[512];	/* "": the error's own; of the first fault */
	const char	*code;		/* NULL: the error's own */
	char		field[64];
	unsigned	faults;		/* how many; 0: no more than the error */
	int64_t		retry_after;	/* of a refusal */
	int		status;		/* of a body */
	char		type[64];
	char		body[1024];	/* the first bytes of it */
	size_t		body_len;
	unsigned	headers;	/* header fields, how many */
} responded;

void	responded_clear(void);

/* A header field of the answer, in lower case; "" if it has none. */
struct text	responded_header(const struct exchange *, const char *name);

#endif
