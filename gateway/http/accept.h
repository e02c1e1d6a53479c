/* The header field Accept (RFC 9110, 12.5.1), as far as errors depend on it. */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "base/buf.h"

#define ACCEPT_QUALITY_ONE	1000	/* qualities are in thousandths */

/* The highest quality of the ranges for a type; -1: there is no such range. */
struct accept {
	int	problem;	/* application/problem+json, by name */
	int	json;		/* application/json, by name */
	int	application;	/* "application/" with an asterisk */
	int	any;		/* an asterisk for both */
};

/*
 * Add what one field says. Ranges that are not valid count as absent. *ret has
 * been set to -1 before the first one.
 */
void	accept_read(struct accept *ret, struct text value);

#endif
