/* gateway/http/accept.c; test_problem.c has what it is read for. */
#include "gateway/http/accept.h"

#include <stdlib.h>

#include "base/log.h"
#include "unit.h"

/* It is read within its bounds, in whatever form (run with a sanitizer). */
static void
any_accept_can_be_read(void **state)
{
	static const char	alphabet[] = "a/*;,q=01. \t\"\\json+problem";
	uint64_t		seed = 271828;
	struct text		t;
	struct accept		w;
	char			*copy;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		t.len = unit_random(&seed) % 40;
		t.base = copy = must_alloc(t.len + (t.len == 0));
		for (size_t j = 0; j < t.len; j++)
			copy[j] = alphabet[unit_random(&seed) %
			    (LEN(alphabet) - 1)];
		w = (struct accept){ -1, -1, -1, -1 };
		accept_read(&w, t);
		check_true("in range", w.any <= ACCEPT_QUALITY_ONE &&
		    w.json <= ACCEPT_QUALITY_ONE && w.problem <= ACCEPT_QUALITY_ONE);
		free(copy);
	}
}

static enum accept_coding
coding_of(const char *first, const char *second)
{
	enum accept_coding	coding;
	h2o_req_t		req;

	memset(&req, 0, sizeof(req));
	h2o_mem_init_pool(&req.pool);
	if (first != NULL)
		h2o_add_header(&req.pool, &req.headers,
		    H2O_TOKEN_ACCEPT_ENCODING, NULL, first, strlen(first));
	h2o_add_header(&req.pool, &req.headers, H2O_TOKEN_ACCEPT, NULL,
	    H2O_STRLIT("gzip"));
	if (second != NULL)
		h2o_add_header(&req.pool, &req.headers,
		    H2O_TOKEN_ACCEPT_ENCODING, NULL, second, strlen(second));
	coding = accept_coding(&req);
	h2o_mem_clear_pool(&req.pool);
	return coding;
}

static void
codings_are_read_by_their_qualities(void **state)
{
	static const struct { const char *first, *second;
	    enum accept_coding want; } rows[] = {
		{ NULL, NULL, ACCEPT_IDENTITY },
		{ "", NULL, ACCEPT_IDENTITY },
		{ "gzip", NULL, ACCEPT_GZIP },
		{ "GZip", NULL, ACCEPT_GZIP },
		{ "x-gzip", NULL, ACCEPT_GZIP },
		{ "gzip, deflate, br, zstd", NULL, ACCEPT_GZIP },
		{ "deflate,\tgzip;q=1.0, *;q=0.5", NULL, ACCEPT_GZIP },
		{ " , ,gzip ,", NULL, ACCEPT_GZIP },
		{ "br", NULL, ACCEPT_IDENTITY },
		{ "gzipped, xgzip, gzi", NULL, ACCEPT_IDENTITY },
		{ "identity", NULL, ACCEPT_IDENTITY },
		/* qualities */
		{ "gzip;q=0", NULL, ACCEPT_IDENTITY },
		{ "gzip ; Q = 0.000", NULL, ACCEPT_IDENTITY },
		{ "gzip;q=0.001", NULL, ACCEPT_GZIP },
		{ "gzip;q=0.5, identity", NULL, ACCEPT_IDENTITY },
		{ "identity;q=0.5, gzip;q=0.5", NULL, ACCEPT_GZIP },
		{ "identity;q=0.5, gzip;q=0.4", NULL, ACCEPT_IDENTITY },
		{ "gzip;q=0, x-gzip;q=0.2", NULL, ACCEPT_GZIP },
		/* the asterisk: all that is not named */
		{ "*", NULL, ACCEPT_GZIP },
		{ "*;q=0", NULL, ACCEPT_IDENTITY },
		{ "gzip;q=0, *", NULL, ACCEPT_IDENTITY },
		{ "br, *;q=0.1", NULL, ACCEPT_GZIP },
		{ "identity, *;q=0.1", NULL, ACCEPT_IDENTITY },
		/* the body as it is, refused */
		{ "identity;q=0", NULL, ACCEPT_IDENTITY },
		{ "gzip, identity;q=0", NULL, ACCEPT_ONLY_GZIP },
		{ "gzip;q=0.1, *;q=0", NULL, ACCEPT_ONLY_GZIP },
		{ "identity;q=0, *", NULL, ACCEPT_ONLY_GZIP },
		{ "gzip, identity;q=0.1, *;q=0", NULL, ACCEPT_GZIP },
		/* lines are one list */
		{ "br", "gzip", ACCEPT_GZIP },
		{ "gzip", "identity;q=0", ACCEPT_ONLY_GZIP },
		{ "gzip;q=0.2", "identity", ACCEPT_IDENTITY },
		/* an entry that is not valid is ignored */
		{ "gzip;q=2", NULL, ACCEPT_IDENTITY },
		{ "gzip;q=", NULL, ACCEPT_IDENTITY },
		{ "gzip;q=-1", NULL, ACCEPT_IDENTITY },
		{ "gzip;q=0.1234", NULL, ACCEPT_IDENTITY },
		{ "gzip;q=x, *", NULL, ACCEPT_GZIP },
		{ "gzip;level=9", NULL, ACCEPT_GZIP },
		{ "gzip;level=9;q=0", NULL, ACCEPT_IDENTITY },
		{ "\"gzip\"", NULL, ACCEPT_IDENTITY },
		{ "\"a, gzip", NULL, ACCEPT_IDENTITY },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(rows[i].first == NULL ? "no field" : rows[i].first,
		    coding_of(rows[i].first, rows[i].second), rows[i].want);
}

/* Each as long as its memory (run with a sanitizer). */
static void
any_coding_can_be_read(void **state)
{
	static const char	alphabet[] = "gzip*;,q=01. \t\"\\identx-";
	uint64_t		seed = 31415;
	char			copy[40];
	size_t			len;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		len = unit_random(&seed) % (sizeof(copy) - 1);
		for (size_t j = 0; j < len; j++)
			copy[j] = alphabet[unit_random(&seed) %
			    (LEN(alphabet) - 1)];
		copy[len] = '\0';
		check_true(copy, coding_of(copy, NULL) <= ACCEPT_ONLY_GZIP);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("any header Accept can be read", any_accept_can_be_read),
		TEST("codings are read by their qualities",
		    codings_are_read_by_their_qualities),
		TEST("any header Accept-Encoding can be read",
		    any_coding_can_be_read),
	};

	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
