/* What json_in.c and query.c share. */
#include "decode.h"

#include <stdlib.h>

#include "gateway/http/url.h"
#include "gateway/stage/decode.h"
#include "tests/unit/exchange.h"
#include "tests/unit/fakes.h"

#define ROUTES_MOST	256

static struct {
	const struct route	*route;
	char			 url[128];
} rows[ROUTES_MOST];
static unsigned		count;

/* --- routes ------------------------------------------------------------- */

/* A path with something in the place of each of its names. */
static void
write_url(char *out, size_t size, const struct route *r)
{
	struct buf	b = { 0 };
	const char	*p = r->path;

	buf_put_text(&b, placeholder_path(r->root));
	while (*p != '\0') {
		if (*p != ':') {
			buf_put_byte(&b, *p++);
			continue;
		}
		buf_put_byte(&b, '7');
		p++;
		p += strspn(p, "abcdefghijklmnopqrstuvwxyz_");
	}
	CHECK(b.base != NULL && b.len < size);
	memcpy(out, b.base, b.len);
	out[b.len] = '\0';
	buf_done(&b);
}

void
decode_start(bool (*takes)(const struct route *))
{
	routes_init();
	log_set_level(LEVEL_ERROR);
	for (const struct route *r = routes_all(); r->path != NULL; r++) {
		if (r->root != PLACEHOLDER_API || !takes(r))
			continue;
		CHECK(count < LEN(rows));
		rows[count].route = r;
		write_url(rows[count].url, sizeof(rows[count].url), r);
		count++;
	}
	CHECK(count > 0);
}

/* --- one request ---------------------------------------------------------- */

/* The owner may have such a text from an import (decode.c). */
static bool
is_left_to_owner(const struct exchange *x, enum key k)
{
	struct text	t = args_text(&x->args, k);

	return x->route->method == METHOD_PATCH &&
	    key_info(k)->type == KEY_TEXT && t.len <= 65536 &&
	    text_characters(t) != -1;
}

/* What got past the room is of its key's type, and bounds if it is stored. */
static void
check_taken(const struct exchange *x, bool as_query)
{
	keyset	given = keyset_intersection(x->route->given,
		    args_keys(&x->args));

	CHECK(keyset_is_within(args_keys(&x->args),
	    keyset_union(keyset_union(x->route->takes, x->route->in_path),
	    K(PAGE, PER_PAGE, ID, FORMAT, LIMIT, CURSOR))));
	for (enum key k = keyset_next(given, 0); k != KEY_END;
	    k = keyset_next(given, k + 1)) {
		CHECK(key_info(k)->name != NULL);
		CHECK(as_query || !op_stores(op_info(x->route->op), k) ||
		    args_in_bounds(k, args_value(&x->args, k)) ||
		    is_left_to_owner(x, k));
	}
	CHECK(x->filter_count <= FILTERS_MOST);
	if (x->route->page[0] != '\0')
		CHECK(args_number(&x->args, KEY_PAGE, 0) >= 1 &&
		    args_number(&x->args, KEY_PER_PAGE, 0) >= 1 &&
		    args_number(&x->args, KEY_PER_PAGE, 0) <= 100);
}

void
decode_input(struct input *in, bool as_query)
{
	static struct visit	 v;
	unsigned		 row = input_byte(in) % count;
	const char		*url = rows[row].url;
	struct buf		 whole = { 0 };
	enum flow		 flow;

	visit_begin(&v, method_name(rows[row].route->method), url);
	CHECK(v.x.route != NULL);
	v.x.user_id = 1;
	if (as_query) {
		/* of just that size: what reads beyond it is seen */
		buf_printf(&whole, "%s?", url);
		v.req.query_at = whole.len - 1;
		buf_put(&whole, in->base, in->len);
		v.req.path.base = must_alloc(whole.len);
		v.req.path.len = whole.len;
		memcpy(v.req.path.base, whole.base, whole.len);
	} else
		v.req.entity = h2o_iovec_init(in->base, in->len);
	responded_clear();
	flow = decode_begin(&v.x);
	if (flow == FLOW_NEXT)
		check_taken(&v.x, as_query);
	else
		CHECK(flow == FLOW_DONE && responded.error > OK &&
		    responded.error < ERR_END);
	if (as_query)
		free(v.req.path.base);
	visit_end(&v);
	buf_done(&whole);
}
