/* gateway/reply/cors.c */
#include "exchange.h"
#include "fakes.h"

#include "gateway/reply/cors.h"

/* A header field of the answer, "none" if it is missing. */
static struct text
header_of(const struct visit *v, const char *name)
{
	struct text	value = responded_header(&v->x, name);

	return value.len > 0 ? value : TEXT_OF("none");
}

#define SHOWN	"Accept-Ranges, Content-Disposition, Content-Range, ETag, " \
		"Idempotency-Replayed, Link, Location, Retry-After, " \
		"RateLimit, RateLimit-Policy, Search-Note, X-Request-ID, " \
		"Server-Timing"

static void
put_origin(struct visit *v, const char *origin)
{
	h2o_add_header_by_str(&v->req.pool, &v->req.headers,
	    H2O_STRLIT("origin"), 0, NULL, origin, strlen(origin));
}

static void
origins_are_let_in_as_listed(void **state)
{
#define LIST	"https://a.example, http://localhost:3000"
	static const struct { const char *list, *origin, *want, *vary; }
	rows[] = {
		{ "", NULL, "none", "none" },
		{ "", "https://a.example", "none", "none" },
		{ "*", NULL, "none", "none" },
		{ "*", "https://x.example", "*", "none" },
		{ "*", "null", "*", "none" },
		{ LIST, NULL, "none", "Origin" },
		{ LIST, "", "none", "Origin" },
		{ LIST, "https://a.example", "https://a.example", "Origin" },
		{ LIST, "http://localhost:3000", "http://localhost:3000",
		    "Origin" },
		{ LIST, "http://localhost:300", "none", "Origin" },
		{ LIST, "http://localhost:30000", "none", "Origin" },
		{ LIST, "https://a.example.evil", "none", "Origin" },
		{ LIST, "https://xa.example", "none", "Origin" },
		{ LIST, "http://a.example", "none", "Origin" },
		{ LIST, "https://A.example", "none", "Origin" },
		{ LIST, LIST, "none", "Origin" },
		{ LIST, "null", "none", "Origin" },
		{ LIST, ",", "none", "Origin" },
	};
	struct visit	v;
	bool		allowed;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "OPTIONS", "/flicket-api/tickets/");
		v.settings.cors_origins = rows[i].list;
		if (rows[i].origin != NULL)
			put_origin(&v, rows[i].origin);
		cors_begin(&v.gateway, &v.req);
		allowed = strcmp(rows[i].want, "none") != 0;
		check_text(rows[i].origin == NULL ? "none" : rows[i].origin,
		    header_of(&v, "access-control-allow-origin"),
		    text_of(rows[i].want));
		check_text(rows[i].list, header_of(&v, "vary"),
		    text_of(rows[i].vary));
		check_text(rows[i].list, header_of(&v,
		    "access-control-expose-headers"),
		    allowed ? TEXT_OF(SHOWN) : TEXT_OF("none"));
		check_true("no preflight", !cors_is_preflight(&v.x));
		h2o_add_header_by_str(&v.req.pool, &v.req.headers,
		    H2O_STRLIT("access-control-request-method"), 0, NULL,
		    H2O_STRLIT("POST"));
		check_number(rows[i].list, cors_is_preflight(&v.x), allowed);
		v.req.method = h2o_iovec_init(H2O_STRLIT("GET"));
		check_true("only OPTIONS is one", !cors_is_preflight(&v.x));
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("origins are let in as they are listed",
		    origins_are_let_in_as_listed),
	};

	return cmocka_run_group_tests_name("cors", tests, NULL, NULL);
}
