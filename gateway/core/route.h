/* Routes: the table of requests (routes.tbl), made ready for matching. */
#ifndef CORE_ROUTE_H
#define CORE_ROUTE_H

#include "proto/args.h"

#define ASKS_MOST	3

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH,
    METHOD_DELETE, METHOD_END };

/* Formats of a request and of its answer: routes.tbl. */
enum input_format { INPUT_JSON, INPUT_STRICT, INPUT_FORM, INPUT_IMAGE,
    INPUT_LOGIN };
enum reply_format { REPLY_JSON, REPLY_FILE, REPLY_IMAGE, REPLY_CSV,
    REPLY_NDJSON, REPLY_SESSION, REPLY_SETTINGS };

/* A piece of a path: some text, and then the value of a key. */
struct piece {
	struct text	before;
	enum key	key;		/* KEY_END: the path ends here */
};

#define PIECES_MOST	4

struct route {
	enum method	 method;
	enum placeholder	 root;
	const char	*path;
	enum op_code	 op;
	int		 status;
	enum op_code	 asks[ASKS_MOST]; /* OP_NONE ends them */
	const char	*page;
	const char	*location;
	enum input_format input;
	enum reply_format reply;

	/* worked out at start */
	const char	*missing;	/* texts.tbl; "" if it has no row
					 * (route_is_flickets()) */
	const char	*not_integer;
	struct piece	 pieces[PIECES_MOST];	/* of path */
	struct piece	 page_pieces[PIECES_MOST];
	struct piece	 location_pieces[PIECES_MOST];
	bool		 page_in_path;	/* page has ":page" */
	keyset		 in_path;
	keyset		 needs;		/* of the operation and those asked */
	keyset		 takes;		/* those, and what the operation may
					 * have */
	keyset		 given;		/* of those, what a client can set
					 * in the query or the body */
	keyset		 passes;	/* those, and what those asked may
					 * have: what goes from one to the
					 * next */
};

/* Whether it answers with pages of a list. */
static inline bool
route_is_list(const struct route *r)
{
	return r->page[0] != '\0';
}

/*
 * Whether the operation is one of Flicket's that create something. These ignore
 * fields that are not known, and their errors are as Flicket's, as clients may
 * compare them.
 */
static inline bool
route_is_flickets(const struct route *r)
{
	return r->missing[0] != '\0';
}

/* Whether the user is known by a password, not by a token. */
static inline bool
route_has_password(const struct route *r)
{
	return op_info(r->op)->who == WHO_PASSWORD;
}

struct route_match {
	const struct route	*route;	/* NULL: no route for the method */
	unsigned		 methods; /* without a route: bits of those
					   * that there are */
	struct args		 args;	/* with a route: what the path says */
};

/*
 * Check the table and make it ready. Dies, naming the route, if a name in a
 * path is not a key that the operation takes; naming the key, if keys.tbl says
 * that clients may set it and no route takes it.
 */
void	routes_init(void);

/* Match a path without its query, percent-decoded, below a root. */
void	route_find(struct route_match *ret, enum placeholder root,
	    struct text path,
	    enum method);

/* METHOD_END: no route can have this method. */
enum method	method_of(struct text);
const char	*method_name(enum method);

/* The whole table, for tests of it; a row with path NULL ends it. */
const struct route	*routes_all(void);

#endif
