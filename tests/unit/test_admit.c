/* gateway/stage/admit.c */
#include "exchange.h"
#include "fakes.h"

#include "gateway/stage/admit.h"

static void
sizes_are_bounded(void **state)
{
	static char	long_url[8192 + 2], big[16384 + 1];
	static const struct { const char *name; size_t url, headers, header,
	    body; enum err want; } rows[] = {
		{ "small", 10, 1, 10, 0, OK },
		{ "longest URL", 8192, 0, 0, 0, OK },
		{ "URL too long", 8193, 0, 0, 0,
		    ERR_URL_TOO_LONG },
		{ "most headers", 10, 64, 1, 0, OK },
		{ "too many headers", 10, 65, 1, 0,
		    ERR_HEADERS_TOO_BIG },
		/* "accept", the value, and 4 between and behind them */
		{ "largest header", 10, 1, 16384 - 10, 0, OK },
		{ "header too large", 10, 1, 16384 - 9, 0,
		    ERR_HEADERS_TOO_BIG },
	};
	struct visit	v;

	(void)state;
	memset(long_url, '/', sizeof(long_url) - 1);
	memset(big, 'x', sizeof(big) - 1);
	for (size_t i = 0; i < LEN(rows); i++) {
		responded_clear();
		visit_begin(&v, "GET", long_url);
		v.settings.max_body_bytes = 1000;
		v.req.version = 0x200;
		v.req.input.path.len = rows[i].url;
		v.req.entity.len = rows[i].body;
		for (size_t j = 0; j < rows[i].headers; j++)
			h2o_add_header(&v.req.pool, &v.req.headers,
			    H2O_TOKEN_ACCEPT, NULL, big, rows[i].header);
		check_number(rows[i].name, admit_begin(&v.x),
		    rows[i].want == OK ? FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, responded.error, rows[i].want);
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("sizes are bounded, each with its own error",
		    sizes_are_bounded),
	};

	return cmocka_run_group_tests_name("admit", tests, NULL, NULL);
}
