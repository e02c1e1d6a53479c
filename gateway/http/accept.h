/*
 * The header fields Accept (RFC 9110, 12.5.1), as far as errors depend on it,
 * and Accept-Encoding (12.5.3).
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include <h2o.h>

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

/* How a client takes a body that can be compressed. */
enum accept_coding {
	ACCEPT_IDENTITY,	/* as it is */
	ACCEPT_GZIP,		/* compressed, or as it is */
	ACCEPT_ONLY_GZIP	/* compressed; it refuses it as it is */
};

/*
 * What Accept-Encoding says, all of its lines together. Codings whose quality
 * is not valid count as absent.
 */
enum accept_coding	accept_coding(const h2o_req_t *);

#endif
