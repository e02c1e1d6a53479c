/* Routes: the table of requests (routes.tbl), made ready for matching. */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include "proto/args.h"

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH,
    METHOD_DELETE, METHOD_END };

enum who { WHO_PASSWORD, WHO_TOKEN, WHO_STAFF, WHO_ADMIN };

struct route {
	enum method	 method;
	const char	*path;
	enum op_code	 op;
	enum who	 who;
	int		 status;
	enum op_code	 ask;		/* OP_NONE: nobody */
	const char	*page;
	const char	*location;
	const char	*missing;	/* texts.tbl; "" if it has no row */
	const char	*not_integer;
	uint64_t	 in_path;	/* mask of keys */
};

struct route_match {
	const struct route	*route;	/* NULL: no route for the method */
	unsigned		 methods; /* bits of those there are */
	struct args		 args;	/* what the path says */
};

/*
 * Check the table and make it ready. Dies, naming the route, if a name in a
 * path is no key that the operation takes.
 */
void	routes_init(void);

/* Match a path without its query, percent-decoded, below /flicket-api/. */
void	route_find(struct route_match *ret, struct text path, enum method);

/* METHOD_END if it is none that the table could have. */
enum method	method_of(struct text);
const char	*method_name(enum method);

/* The whole table, for tests of it; a row with path NULL ends it. */
const struct route	*routes_all(void);

#endif
