/* Matching paths. The table is short: it is walked, cheapest test first. */
#include "gateway/core/route.h"

#include "base/log.h"
#include "base/number.h"

/* ASKS(A, B): OP_A, OP_B and no third; a name that is missing is NONE. */
#define ASKS(...)		ASKS_OF(__VA_ARGS__,,,)
#define ASKS_OF(a, b, c, ...)	{ OP_##a, OP_##b, OP_##c }
#define OP_			OP_NONE

static struct route routes[] = {
#define ROUTE(METHOD, ROOT, path, OPERATION, status, asks, page, location, \
    INPUT, REPLY) \
	{ METHOD_##METHOD, PLACEHOLDER_##ROOT, path, OP_##OPERATION, status, \
	    asks, page, location, INPUT_##INPUT, REPLY_##REPLY },
#include "gateway/core/routes.tbl"
#undef ROUTE
	{ .path = NULL }
};
#undef OP_

static const struct {
	enum op_code	 op;
	const char	*missing;
	const char	*not_integer;
} texts[] = {
#define TEXTS(OPERATION, missing, not_integer) \
	{ OP_##OPERATION, missing, not_integer },
#include "gateway/core/texts.tbl"
#undef TEXTS
};

static const char *const method_names[METHOD_END] = {
	"GET", "POST", "PUT", "PATCH", "DELETE"
};

/* The key that a ":name" in a path stands for. */
static enum key
path_key(const struct route *r, const char *name, size_t len)
{
	enum key	key = key_find_text((struct text){ name, len },
			    keyset_union(r->takes, K(ID)));

	if (key == KEY_END || key_info(key)->type == KEY_BYTES)
		log_fatal("route %s %s: %.*s is nothing that %s takes",
		    method_names[r->method], r->path, (int)len, name,
		    op_info(r->op)->name);
	return key;
}

/* Cut a path of a route at its values. Returns the keys of these. */
static keyset
cut_path(const struct route *r, const char *path, struct piece *ret)
{
	keyset	keys = K(NONE);
	size_t	len;

	for (size_t count = 0; count < PIECES_MOST; count++) {
		len = strcspn(path, ":");
		ret[count] = (struct piece){ { path, len }, KEY_END };
		path += len;
		if (*path == '\0')
			return keys;
		len = strcspn(path + 1, "/");
		ret[count].key = path_key(r, path + 1, len);
		keyset_add(&keys, ret[count].key);
		path += len + 1;
	}
	log_fatal("route %s: more than %d values", r->path, PIECES_MOST - 1);
}

static void
collect_keys(struct route *r)
{
	const struct op_info	*asked;

	r->needs = op_info(r->op)->needs;
	r->passes = K(NONE);
	for (int i = 0; i < ASKS_MOST && r->asks[i] != OP_NONE; i++) {
		asked = op_info(r->asks[i]);
		r->needs = keyset_union(r->needs, asked->needs);
		r->passes = keyset_union(r->passes, asked->may);
	}
	r->takes = keyset_union(r->needs, op_info(r->op)->may);
	r->passes = keyset_union(r->passes, r->takes);
	if (keyset_count(r->passes) > ARGS_MOST)
		log_fatal("route %s: more arguments than there is room for",
		    r->path);
}

/* The keys that a client may set at all. */
static keyset
keys_of_clients(void)
{
	keyset	s = K(NONE);

	for (unsigned k = 0; k < KEY_END; k++) {
		if (!key_info(k)->from_client)
			continue;
		if (key_info(k)->type == KEY_BYTES &&
		    key_info(k)->form != FORM_QUERIES)
			log_fatal("key %s: no client can set bytes",
			    key_info(k)->name);
		keyset_add(&s, (enum key)k);
	}
	return s;
}

/* A key of clients that no route takes is a slip in one of the tables. */
static void
check_reached(keyset clients, keyset reached)
{
	enum key	k = keyset_next(keyset_difference(clients, reached), 0);

	if (k != KEY_END)
		log_fatal("key %s (%d): clients may set it, and no route "
		    "takes it", key_info(k)->name, k);
}

void
routes_init(void)
{
	keyset	clients = keys_of_clients(), reached = K(NONE);

	for (struct route *r = routes; r->path != NULL; r++) {
		r->missing = r->not_integer = "";
		collect_keys(r);
		r->in_path = cut_path(r, r->path, r->pieces);
		r->page_in_path = keyset_has(cut_path(r, r->page,
		    r->page_pieces), KEY_PAGE);
		(void)cut_path(r, r->location, r->location_pieces);
		r->given = keyset_difference(keyset_intersection(r->takes,
		    clients), r->in_path);
		reached = keyset_union(reached, r->given);
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			if (texts[i].op == r->op) {
				r->missing = texts[i].missing;
				r->not_integer = texts[i].not_integer;
			}
	}
	check_reached(clients, reached);
}

/* Take digits off a path; false: it has no digits there, or too many. */
static bool
take_path_number(const char **at, const char *end, int64_t *ret)
{
	struct text	t = { *at, (size_t)(end - *at) };
	bool		fits = number_take(&t, ret) == NUMBER_FITS;

	*at = t.base;
	return fits;
}

/* Take one segment off a path; false if it is empty. */
static bool
take_path_segment(const char **at, const char *end, struct text *ret)
{
	const char	*p = *at;

	while (p < end && *p != '/')
		p++;
	*ret = (struct text){ *at, (size_t)(p - *at) };
	*at = p;
	return ret->len > 0;
}

static bool
take_path_value(const char **at, const char *end, enum key key,
    struct args *ret)
{
	struct text	text;
	int64_t		n;

	if (key_info(key)->type == KEY_INT) {
		if (!take_path_number(at, end, &n))
			return false;
		args_put_number(ret, key, n);
	} else {
		if (!take_path_segment(at, end, &text))
			return false;
		args_put_text(ret, key, text);
	}
	return true;
}

static bool
match_path(const struct route *r, struct text path, struct args *ret)
{
	const char		*at = path.base, *end = path.base + path.len;
	const struct piece	*p = r->pieces;
	size_t			 left, len;

	args_clear(ret);
	for (;; p++) {
		left = (size_t)(end - at);
		len = p->before.len;
		/* the slash that ends a path may be missing */
		if (p->key == KEY_END && len > 0 && left == len - 1 &&
		    p->before.base[left] == '/')
			len = left;
		if (left < len || (len > 0 &&
		    memcmp(at, p->before.base, len) != 0))
			return false;
		at += len;
		if (p->key == KEY_END)
			return at == end;
		if (!take_path_value(&at, end, p->key, ret))
			return false;
	}
}

void
route_find(struct route_match *ret, enum placeholder root, struct text path,
    enum method method)
{
	ret->route = NULL;
	ret->methods = 0;
	for (const struct route *r = routes; r->path != NULL; r++) {
		if (r->root != root || path.len == 0 ||
		    (r->path[0] != path.base[0] && r->path[0] != ':') ||
		    !match_path(r, path, &ret->args))
			continue;
		ret->methods |= 1U << r->method;
		if (r->method == method) {
			ret->route = r;
			return;
		}
	}
}

enum method
method_of(struct text name)
{
	for (unsigned m = 0; m < METHOD_END; m++)
		if (strlen(method_names[m]) == name.len &&
		    memcmp(method_names[m], name.base, name.len) == 0)
			return (enum method)m;
	return METHOD_END;
}

const char *
method_name(enum method m)
{
	return method_names[m];
}

const struct route *
routes_all(void)
{
	return routes;
}
