/* gateway/stage/answer.c */
#include "sent.h"

#include "gateway/cache/tokens.h"
#include "gateway/stage/answer.h"
#include "gateway/stage/include.h"

/* --- in the place of include.c: a tag as a test says --------------------------- */

static uint64_t	tag_included;

uint64_t
include_tag(const struct exchange *x)
{
	(void)x;
	return tag_included;
}

void
include_put(struct buf *b, const struct exchange *x)
{
	(void)b, (void)x;
}

const struct answer *
include_failure(const struct exchange *x)
{
	(void)x;
	return NULL;
}

enum flow
include_decode(struct exchange *x)
{
	(void)x;
	return FLOW_NEXT;
}

enum flow
include_begin(struct exchange *x)
{
	(void)x;
	return FLOW_NEXT;
}

enum flow
include_done(struct exchange *x, const struct answer *a)
{
	(void)x, (void)a;
	return FLOW_NEXT;
}

/* ------------------------------------------------------------------------------- */

#define API	"http://desk/flicket-api/"

static void
answer(struct visit *v, const char *method, const char *url,
    const struct answer *a)
{
	visit_begin(v, method, url);
	assert_non_null(v->x.route);
	v->x.is_head = strcmp(method, "HEAD") == 0;
	v->x.answer = a;
	args_put_number(&v->x.args, KEY_PAGE, 1);
	args_put_number(&v->x.args, KEY_PER_PAGE, 50);
	check_number(url, answer_begin(&v->x), FLOW_DONE);
}

static void
fragments_are_answered(void **state)
{
	struct answer	a = { .fragment = TEXT_OF("{\"a\":\"\x01x\"}") };
	struct visit	v;

	(void)state;
	answer(&v, "GET", "/flicket-api/ticket/5", &a);
	check_answer("one", &v, 200, TEXT_OF("{\"a\":\"" API "x\"}\n"));
	check_text("nothing is made", header_of(&v, "location"), TEXT_OF(""));
	visit_end(&v);

	args_put_number(&a.extra, KEY_ID, 77);
	answer(&v, "POST", "/flicket-api/tickets/", &a);
	check_answer("made", &v, 201, TEXT_OF("{\"a\":\"" API "x\"}\n"));
	check_text("where", header_of(&v, "location"),
	    TEXT_OF(API "ticket/77"));
	visit_end(&v);

	a = (struct answer){ .fragment = TEXT_OF("[]") };
	answer(&v, "GET", "/flicket-api/statuses/", &a);
	check_answer("list", &v, 200, TEXT_OF("{\"_links\":{\"next\":null,"
	    "\"prev\":null,\"self\":\"" API "statuses/?page=1&per_page=50\"},"
	    "\"_meta\":{\"page\":1,\"per_page\":50,\"total_items\":0,"
	    "\"total_pages\":0},\"items\":[]}\n"));
	visit_end(&v);

	a = (struct answer){ .error = ERR_NOT_FOUND };
	answer(&v, "GET", "/flicket-api/ticket/5", &a);
	check_answer("error", &v, 404, TEXT_OF("{\"error\":\"Not Found\"}\n"));
	visit_end(&v);
}

/* What the client has is not sent again; a change is answered all the same. */
static void
tags_are_of_all_that_is_answered(void **state)
{
	static const struct { const char *method, *url, *have;
	    uint64_t included; int status; const char *etag; } rows[] = {
		{ "GET", "ticket/5", "", 0, 200, "\"0000000000000007\"" },
		{ "GET", "ticket/5", "\"0000000000000007\"", 0, 304,
		    "\"0000000000000007\"" },
		{ "GET", "ticket/5", "*", 0, 304, "\"0000000000000007\"" },
		{ "GET", "ticket/5", "\"0000000000000008\"", 0, 200,
		    "\"0000000000000007\"" },
		{ "GET", "ticket/5", "\"0000000000000007\"", 9, 200,
		    "\"0000000000000007.0000000000000009\"" },
		{ "GET", "ticket/5", "\"0000000000000007.0000000000000009\"", 9,
		    304, "\"0000000000000007.0000000000000009\"" },
		{ "POST", "tickets/", "\"0000000000000007\"", 0, 201,
		    "\"0000000000000007\"" },
		{ "PATCH", "ticket/5", "*", 0, 200, "\"0000000000000007\"" },
	};
	struct answer	a = { .fragment = TEXT_OF("{}"), .tag = 7 };
	struct visit	v;
	char		url[64];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].url);
		visit_begin(&v, rows[i].method, url);
		if (rows[i].have[0] != '\0')
			visit_header(&v, H2O_TOKEN_IF_NONE_MATCH, rows[i].have);
		v.x.answer = &a;
		tag_included = rows[i].included;
		check_number(url, answer_begin(&v.x), FLOW_DONE);
		check_number(rows[i].have, v.req.res.status, rows[i].status);
		check_text(rows[i].have, header_of(&v, "etag"),
		    text_of(rows[i].etag));
		visit_end(&v);
	}
	tag_included = 0;
}

static void
a_head_has_no_body(void **state)
{
	const struct answer	a = { .fragment = TEXT_OF("{}") };
	struct visit		v;

	(void)state;
	visit_begin(&v, "GET", "/flicket-api/ticket/5");
	v.x.is_head = true;
	v.x.answer = &a;
	answer_begin(&v.x);
	check_number("no pieces", sent.count, 0);
	check_number("but its length", (int64_t)v.req.res.content_length, 3);
	visit_end(&v);
}

/* A service that is an attacker's must not make header fields. */
static void
a_note_is_one_header_field(void **state)
{
	static char	 long_note[600];
	const struct { const char *note, *want; } rows[] = {
		{ "the words after the 32nd were left out",
		    "the words after the 32nd were left out" },
		{ "", "" },
		{ "x\r\nX-Evil: 1", "" },
		{ "x\n", "" },
		{ "x\x7f", "" },
		{ "\xc3\xa9", "" },
		{ long_note, "" },
	};
	struct answer	 a = { .fragment = TEXT_OF("[]") };
	struct visit	 v;

	(void)state;
	memset(long_note, 'x', sizeof(long_note) - 1);
	for (size_t i = 0; i < LEN(rows); i++) {
		args_put_text(&a.extra, KEY_NOTE, text_of(rows[i].note));
		answer(&v, "GET", "/flicket-api/tickets/", &a);
		check_number(rows[i].note, v.req.res.status, 200);
		check_text(rows[i].note, header_of(&v, "search-note"),
		    text_of(rows[i].want));
		visit_end(&v);
	}
}

static void
a_deleted_token_is_forgotten(void **state)
{
	const struct answer	 a = { .error = OK, .fragment = TEXT_OF("") };
	struct tokens		*tokens = tokens_new();
	struct visit		 v;
	int64_t			 user_id, rights;

	(void)state;
	visit_begin(&v, "DELETE", "/flicket-api/tokens");
	v.worker.tokens = tokens;
	memset(v.x.identity.token_hash, 9, sizeof(v.x.identity.token_hash));
	tokens_keep(tokens, v.x.identity.token_hash, 1, 0, INT64_MAX);
	v.x.answer = &a;
	answer_begin(&v.x);
	check_answer("nothing", &v, 204, TEXT_OF(""));
	check_true("forgotten", !tokens_find(tokens, v.x.identity.token_hash, &user_id,
	    &rights));
	visit_end(&v);
	tokens_destroy(&tokens);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a fragment is answered as its route says",
		    fragments_are_answered),
		TEST("a tag is of all that is answered, and for reads",
		    tags_are_of_all_that_is_answered),
		TEST("an answer to HEAD has a length and no body",
		    a_head_has_no_body),
		TEST("what a service says of a search is one header field",
		    a_note_is_one_header_field),
		TEST("a token that was deleted is forgotten at once",
		    a_deleted_token_is_forgotten),
	};

	metrics_start(PART_GATEWAY);
	return cmocka_run_group_tests_name("answer", tests, visit_routes, sent_stop);
}
