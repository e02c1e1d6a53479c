/* gateway/reply/fragment.c */
#include "exchange.h"

#include <stdlib.h>

#include "base/log.h"
#include "gateway/reply/fragment.h"

static void
placeholders_become_urls(void **state)
{
#define API	"http://desk/flicket-api/"
	static const struct { struct text in, want; } rows[] = {
		{ TEXT_OF(""), TEXT_OF("") },
		{ TEXT_OF("{}"), TEXT_OF("{}") },
		{ TEXT_OF("\x01"), TEXT_OF(API) },
		{ TEXT_OF("\x01\x01"), TEXT_OF(API API) },
		{ TEXT_OF("\"\x01ticket/1\""),
		    TEXT_OF("\"" API "ticket/1\"") },
		{ TEXT_OF("\x02" "a\x03" "b\x01"), TEXT_OF(
		    "http://desk/avatars/ahttp://desk/uploads/b" API) },
		{ TEXT_OF("a\0b"), TEXT_OF("ab") },	/* not a placeholder */
		{ TEXT_OF("\x04\x1f\x7f\x80\xff"),
		    TEXT_OF("\x04\x1f\x7f\x80\xff") },
	};
	struct visit	v;
	struct buf	b = { 0 };

	(void)state;
	visit_begin(&v, "GET", "/");
	v.gateway.url_prefixes[0] = TEXT_OF("");
	for (size_t i = 0; i < LEN(rows); i++) {
		b.len = 0;
		fragment_put(&b, &v.x, rows[i].in);
		check_text("fragment", buf_text(&b), rows[i].want);
	}
	buf_done(&b);
	visit_end(&v);
}

/* What fragment_put() is to do, byte by byte. */
static void
put_plainly(struct buf *b, const struct visit *v, struct text in)
{
	unsigned char	c;

	for (size_t i = 0; i < in.len; i++) {
		c = (unsigned char)in.base[i];
		if (c < PLACEHOLDER_END)
			buf_put(b, v->gateway.url_prefixes[c].base,
			    v->gateway.url_prefixes[c].len);
		else
			buf_put_byte(b, in.base[i]);
	}
}

static void
placeholders_are_found_wherever_they_are(void **state)
{
	static const char	alphabet[] = "\x01\x02\x03\x04\x05\x1f ab\x7f"
				    "\x80\x81\x84\xff{}\"";
	uint64_t		seed = 31337;
	struct visit		v;
	struct buf		have, want = { 0 };
	struct text		in = { NULL, 0 };
	char			*copy;
	uint64_t		n;

	(void)state;
	visit_begin(&v, "GET", "/");
	for (int i = 0; i < 50000; i++) {
		in.len = unit_random(&seed) % (i % 10 == 0 ? 900 : 40);
		/* of just that size, so that reading beyond it is seen */
		in.base = copy = must_alloc(in.len + (in.len == 0));
		for (size_t j = 0; j < in.len; j++) {
			n = unit_random(&seed);
			copy[j] = n % 4 != 0 ? 'x' :
			    alphabet[n / 4 % (LEN(alphabet) - 1)];
		}
		/* each time in a buffer with no more room than it asks for */
		have = (struct buf){ 0 };
		want.len = 0;
		fragment_put(&have, &v.x, in);
		put_plainly(&want, &v, in);
		check_text("fragment", buf_text(&have), buf_text(&want));
		buf_done(&have);
		free(copy);
	}
	buf_done(&want);
	visit_end(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("placeholders become the URLs they stand for",
		    placeholders_become_urls),
		TEST("placeholders are found wherever they are",
		    placeholders_are_found_wherever_they_are),
	};

	return cmocka_run_group_tests_name("fragment", tests, NULL, NULL);
}
