/* Matching paths. The table is short: it is walked, cheapest test first. */
#include "route.h"

#include "proto/log.h"


static struct route routes[] = {
#define ROUTE(METHOD, path, OPERATION, WHO, status, ASK, page, location) \
	{ METHOD_##METHOD, path, OP_##OPERATION, WHO_##WHO, status, \
	    OP_##ASK, page, location, "", "", 0 },
#include "routes.tbl"
#undef ROUTE
	{ .path = NULL }
};

static const struct {
	enum op_code	 op;
	const char	*missing;
	const char	*not_integer;
} texts[] = {
#define TEXTS(OPERATION, missing, not_integer) \
	{ OP_##OPERATION, missing, not_integer },
#include "texts.tbl"
#undef TEXTS
};

static const char *const method_names[METHOD_END] = {
	"GET", "POST", "PUT", "PATCH", "DELETE"
};

/* The key that a ":name" in a path stands for. */
static enum key
path_key(const struct route *r, const char *name, size_t len)
{
	const struct op_info	*info = op_info(r->op);
	char			 copy[64];
	enum key		 key = KEY_END;

	if (len < sizeof(copy)) {
		memcpy(copy, name, len);
		copy[len] = '\0';
		key = key_find(copy, (info->needs | info->may | K(ID)));
	}
	if (key == KEY_END || key_info(key)->type != KEY_INT)
		log_fatal("route %s %s: %.*s is no number that %s takes",
		    method_names[r->method], r->path, (int)len, name,
		    info->name);
	return key;
}

static void
check_path(const struct route *r, const char *path, uint64_t *ret_keys)
{
	size_t	len;

	for (; *path != '\0'; path++) {
		if (*path != ':')
			continue;
		len = strcspn(path + 1, "/");
		*ret_keys |= KEY_BIT(path_key(r, path + 1, len));
		path += len;
	}
}

void
routes_init(void)
{
	uint64_t	unused = 0;

	for (struct route *r = routes; r->path != NULL; r++) {
		check_path(r, r->path, &r->in_path);
		check_path(r, r->page, &unused);
		check_path(r, r->location, &unused);
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			if (texts[i].op == r->op) {
				r->missing = texts[i].missing;
				r->not_integer = texts[i].not_integer;
			}
	}
}

/* Take digits off a path; false if there are none or too many. */
static bool
take_number(const char **at, const char *end, int64_t *ret)
{
	const char	*p = *at;
	int64_t		 n = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, *p - '0', &n))
			return false;
	if (p == *at)
		return false;
	*at = p;
	*ret = n;
	return true;
}

static bool
match_path(const struct route *r, struct text path, struct args *ret)
{
	const char	*at = path.base, *end = path.base + path.len;
	const char	*p = r->path;
	size_t		 len;
	int64_t		 n;

	ret->present = 0;
	while (*p != '\0' && at < end) {
		if (*p == ':') {
			len = strcspn(p + 1, "/");
			if (!take_number(&at, end, &n))
				return false;
			args_put_number(ret, path_key(r, p + 1, len), n);
			p += len + 1;
		} else if (*p++ != *at++)
			return false;
	}
	return at == end && (*p == '\0' || (p[0] == '/' && p[1] == '\0'));
}

void
route_find(struct route_match *ret, struct text path, enum method method)
{
	struct args	args;

	ret->route = NULL;
	ret->methods = 0;
	for (const struct route *r = routes; r->path != NULL; r++) {
		if (path.len == 0 || r->path[0] != path.base[0] ||
		    !match_path(r, path, &args))
			continue;
		ret->methods |= 1U << r->method;
		if (r->method != method)
			continue;
		ret->route = r;
		ret->args = args;
		return;
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
