/*
 * gateway/stage/identify.c, included for its statics. The user service and its
 * heartbeat are what a row says they are; errors are kept.
 */
#include <arpa/inet.h>

#include "exchange.h"

#include "gateway/stage/identify.c"

static struct {
	enum err	error;
	char		message[128];
	enum op_code	op;		/* what was asked */
	struct args	args;
	int64_t		timeout_ms;
	unsigned	part;		/* as which */
	enum stage_id	stage;		/* gone to, else 0 */
	enum err	checked;	/* what identity_check() led to */
	bool		user_is_up;
	bool		slept;
	bool		is_full;	/* no memory for a copy */
	int64_t		heard_ms;
} seen;

enum flow
respond_error(struct exchange *x, enum err e, const char *message)
{
	(void)x;
	seen.error = e;
	snprintf(seen.message, sizeof(seen.message), "%s",
	    message == NULL ? "" : message);
	return FLOW_DONE;
}

enum flow
respond_refusal(struct exchange *x, const struct answer *a)
{
	(void)x;
	seen.error = a->error;
	return FLOW_DONE;
}

enum flow
respond_unauthorized(struct exchange *x)
{
	return respond_error(x, ERR_UNAUTHORIZED, NULL);
}

enum flow
exchange_ask(struct exchange *x, enum op_code op, const struct args *args,
    int64_t timeout_ms)
{
	(void)x;
	seen.op = op;
	seen.args = *args;
	seen.timeout_ms = timeout_ms;
	return FLOW_WAIT;
}

void
exchange_ask_part(struct exchange *x, unsigned part, enum op_code op,
    const struct args *args, int64_t timeout_ms)
{
	seen.part = part;
	exchange_ask(x, op, args, timeout_ms);
}

void
exchange_go_to(struct exchange *x, enum stage_id stage)
{
	(void)x;
	seen.stage = stage;
}

struct answer *
exchange_keep(struct exchange *x, const struct answer *a)
{
	struct answer	*copy = h2o_mem_alloc_pool(&x->req->pool,
			    sizeof(*copy));

	*copy = *a;
	return copy;
}

struct answer *
exchange_keep_large(struct exchange *x, const struct answer *a)
{
	return seen.is_full ? NULL : exchange_keep(x, a);
}

bool
bus_slept(const struct bus *bus, enum service_id id)
{
	(void)bus;
	(void)id;
	return seen.slept;
}

bool
bus_is_up(const struct bus *bus, enum service_id id)
{
	(void)bus;
	return id == SERVICE_USER && seen.user_is_up;
}

int64_t
bus_heard_ms(const struct bus *bus, enum service_id id)
{
	(void)bus, (void)id;
	return seen.heard_ms;
}

static int
start(void **state)
{
	(void)state;
	routes_init();
	return 0;
}

/* --- addresses --------------------------------------------------------- */

static void
addresses_are_told_apart(void **state)
{
	static const struct { const char *in, *want; } rows[] = {
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::" },
		{ "2001:db8:1:2::9", "2001:db8:1:2::" },
		{ "::1", "::" },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		visit_begin(&v, "POST", "/flicket-api/tokens");
		assert_int_equal(inet_pton(AF_INET6, rows[i].in, &v.x.client),
		    1);
		check_text(rows[i].in, address_of(&v.x),
		    text_of(rows[i].want));
		visit_end(&v);
	}
}

/* --- passwords --------------------------------------------------------- */

static void
names_and_passwords_are_decoded(void **state)
{
	static char	longest[CREDENTIALS_MOST + 16];
	static const struct { const char *header; bool want;
	    struct text name, password; } rows[] = {
		{ "Basic YWRtaW46UGFzc3dvcmQx", true, TEXT_OF("admin"),
		    TEXT_OF("Password1") },
		{ "bAsIc YWRtaW46UGFzc3dvcmQx", true, TEXT_OF("admin"),
		    TEXT_OF("Password1") },
		{ "Basic   YWRtaW46UGFzc3dvcmQx", true, TEXT_OF("admin"),
		    TEXT_OF("Password1") },
		{ "Basic YWI6YzpkOg==", true, TEXT_OF("ab"), TEXT_OF("c:d:") },
		{ "Basic Og==", true, TEXT_OF(""), TEXT_OF("") },
		{ "Basic YTo=", true, TEXT_OF("a"), TEXT_OF("") },
		{ "Basic OmI=", true, TEXT_OF(""), TEXT_OF("b") },
		{ "Basic YToAYg==", true, TEXT_OF("a"), TEXT_OF("\0b") },
		{ "Basic YQ==", false },		/* no colon */
		{ "Basic YTpi!", false },
		{ "Basic YTpiYw", false },		/* no padding */
		{ "Basic ", false },
		{ "Basic", false },
		{ "BasicYTpi", false },
		{ "Bearer YTpi", false },
		{ "", false },
		{ NULL, false },
		{ longest, false },
	};
	struct visit	v;
	enum flow	flow;

	(void)state;
	memset(longest, 'A', sizeof(longest) - 1);
	memcpy(longest, "Basic OkFB", 10);
	for (size_t i = 0; i < LEN(rows); i++) {
		const char	*row = rows[i].header == NULL ? "none" :
				    rows[i].header;

		memset(&seen, 0, sizeof(seen));
		visit_begin(&v, "POST", "/flicket-api/tokens");
		assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.7",
		    &v.x.client), 1);
		v.settings.login_timeout_ms = 15000;
		if (rows[i].header != NULL)
			visit_header(&v, H2O_TOKEN_AUTHORIZATION,
			    rows[i].header);
		flow = stage_identify(&v.x);
		if (rows[i].want) {
			check_number(row, flow, FLOW_WAIT);
			check_number(row, seen.op, OP_PASSWORD_CHECK);
			check_number(row, seen.timeout_ms, 15000);
			check_text(row, args_text(&seen.args, KEY_USERNAME),
			    rows[i].name);
			check_text(row, args_text(&seen.args, KEY_PASSWORD),
			    rows[i].password);
			check_text(row, args_text(&seen.args, KEY_ADDRESS),
			    TEXT_OF("192.0.2.7"));
		} else {
			check_number(row, flow, FLOW_DONE);
			check_number(row, seen.error, ERR_UNAUTHORIZED);
		}
		visit_end(&v);
	}
}

/* --- tokens ------------------------------------------------------------ */

/* SHA-256 of "abc", from FIPS 180 */
static const unsigned char	abc_hash[] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde,
	0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
	0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad
};

/* Let a token in that is "abc", with the cache as it is. */
static enum flow
show_token(struct visit *v, const char *method, const char *url,
    struct tokens *tokens, const char *header)
{
	enum op_code	none = OP_NONE;

	seen.error = OK;
	seen.op = none;
	visit_begin(v, method, url);
	v->settings.token_stale_seconds = 60;
	v->worker.tokens = tokens;
	if (header != NULL)
		visit_header(v, H2O_TOKEN_AUTHORIZATION, header);
	return stage_identify(&v->x);
}

static void
tokens_are_known_by_their_hash(void **state)
{
	static const struct { const char *header; bool ask; } rows[] = {
		{ "Bearer abc", true },
		{ "bearer    abc", true },
		{ "Bearer ", false },
		{ "Bearer", false },
		{ "Bearerabc", false },
		{ "Basic YTpi", false },
		{ NULL, false },
	};
	struct tokens	*tokens = tokens_new();
	struct visit	 v;
	enum flow	 flow;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.user_is_up = true;
	for (size_t i = 0; i < LEN(rows); i++) {
		flow = show_token(&v, "GET", "/flicket-api/user/1", tokens,
		    rows[i].header);
		check_number("flow", flow, rows[i].ask ? FLOW_WAIT :
		    FLOW_DONE);
		if (rows[i].ask) {
			check_number("asked", seen.op, OP_TOKEN_CHECK);
			check_text("hash", args_text(&seen.args,
			    KEY_TOKEN_HASH), (struct text){
			    (const char *)abc_hash, sizeof(abc_hash) });
			check_true("not an argument", !args_has(&v.x.args,
			    KEY_TOKEN_HASH));
		} else
			check_number("error", seen.error, ERR_UNAUTHORIZED);
		visit_end(&v);
	}
	/* spaces behind it are part of it */
	show_token(&v, "GET", "/flicket-api/user/1", tokens, "Bearer abc ");
	check_true("another", memcmp(args_text(&seen.args,
	    KEY_TOKEN_HASH).base, abc_hash, 32) != 0);
	visit_end(&v);
	/* where it is an argument it is one */
	show_token(&v, "DELETE", "/flicket-api/tokens", tokens, "Bearer abc");
	check_text("argument", args_text(&v.x.args, KEY_TOKEN_HASH),
	    (struct text){ (const char *)abc_hash, sizeof(abc_hash) });
	visit_end(&v);
	tokens_destroy(&tokens);
}

static void
the_cache_is_trusted_for_a_while(void **state)
{
	static const struct { const char *name; bool up; int64_t heard_ago_ms;
	    enum flow want; } rows[] = {
		{ "up", true, 0, FLOW_NEXT },
		{ "just down", false, 1000, FLOW_NEXT },
		{ "down for a while", false, 50000, FLOW_NEXT },
		{ "down for long", false, 60001, FLOW_WAIT },
	};
	struct tokens	*tokens = tokens_new();
	struct visit	 v;

	(void)state;
	tokens_keep(tokens, abc_hash, 5, RIGHT_STAFF, INT64_MAX);
	for (size_t i = 0; i < LEN(rows); i++) {
		memset(&seen, 0, sizeof(seen));
		seen.user_is_up = rows[i].up;
		seen.heard_ms = clock_ms() - rows[i].heard_ago_ms;
		check_number(rows[i].name, show_token(&v, "GET",
		    "/flicket-api/user/1", tokens, "Bearer abc"),
		    rows[i].want);
		if (rows[i].want == FLOW_NEXT) {
			check_number(rows[i].name, v.x.user_id, 5);
			check_number(rows[i].name, v.x.rights, RIGHT_STAFF);
			check_number("nothing to hear", stage_identified(&v.x),
			    FLOW_NEXT);
		}
		visit_end(&v);
	}
	tokens_destroy(&tokens);
}

static void
what_the_user_service_says_counts(void **state)
{
	static const struct { const char *name; enum err error;
	    int64_t user_id; enum err want; bool kept; } rows[] = {
		{ "known", OK, 5, OK, true },
		{ "unknown", ERR_UNAUTHORIZED, 0, ERR_UNAUTHORIZED, false },
		{ "away", ERR_UNAVAILABLE, 0, ERR_UNAVAILABLE, false },
		{ "nonsense", OK, 0, ERR_INTERNAL, false },
	};
	struct tokens	*tokens;
	struct answer	 a;
	struct visit	 v;
	struct text	 ids;
	int64_t		 user_id, rights;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		memset(&seen, 0, sizeof(seen));
		seen.user_is_up = true;
		tokens = tokens_new();
		ids = TEXT_OF("");
		show_token(&v, "GET", "/flicket-api/user/1", tokens,
		    "Bearer abc");
		a = (struct answer){ .error = rows[i].error };
		args_put_number(&a.extra, KEY_USER_ID, rows[i].user_id);
		args_put_number(&a.extra, KEY_RIGHTS, 3);
		args_put_number(&a.extra, KEY_EXPIRES, INT64_MAX);
		args_put_number(&a.extra, KEY_ID, 7);
		v.x.answer = &a;
		check_number(rows[i].name, stage_identified(&v.x),
		    rows[i].want == OK ? FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, seen.error, rows[i].want);
		check_number(rows[i].name, v.x.user_id, rows[i].user_id);
		check_number("its use will be told", tokens_take_used(tokens,
		    1, &ids), rows[i].kept);
		check_text("its use", ids, text_of(rows[i].kept ? "[7]" : ""));
		check_number(rows[i].name, tokens_find(tokens, abc_hash,
		    &user_id, &rights), rows[i].kept);
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

/* --- the token again ----------------------------------------------------- */

/* The user service has told of so many revocations. */
static void
hear(struct tokens *tokens, int64_t seq, const unsigned char *revoked)
{
	struct answer	a = { .error = OK };

	args_put_number(&a.extra, KEY_SEEN, seq);
	args_put_number(&a.extra, KEY_STREAM, 1);
	if (revoked != NULL)
		args_put_text(&a.extra, KEY_REVOKED, (struct text){
		    (const char *)revoked, TOKEN_HASH_BYTES });
	tokens_hear(tokens, &a, clock_ms());
}

/* Its answer on the token; as_of -1: an early one does not say. */
static struct answer
said(enum err e, int64_t rights, int64_t as_of)
{
	struct answer	a = { .error = e };

	args_put_number(&a.extra, KEY_USER_ID, 5);
	args_put_number(&a.extra, KEY_RIGHTS, rights);
	args_put_number(&a.extra, KEY_EXPIRES, INT64_MAX);
	if (as_of != -1)
		args_put_number(&a.extra, KEY_AS_OF, as_of);
	return a;
}

/* Two processes: one tells of the end, then the other of before. */
static void
what_is_from_before_a_revocation_is_asked_again(void **state)
{
	static const struct { const char *name; int64_t as_of; bool counts; }
	    rows[] = {
		{ "of now", 3, true },
		{ "of later", 4, true },
		{ "from an early service", -1, true },
		{ "of before", 2, false },
	};
	struct tokens	*tokens;
	struct answer	 a;
	struct visit	 v;
	int64_t		 user_id, rights;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		memset(&seen, 0, sizeof(seen));
		seen.user_is_up = true;
		tokens = tokens_new();
		show_token(&v, "GET", "/flicket-api/user/1", tokens,
		    "Bearer abc");
		a = said(OK, 0, rows[i].as_of);
		for (int j = 0; j < (rows[i].counts ? 1 : PAST_MOST); j++) {
			hear(tokens, 3 + j, NULL);
			seen.op = OP_NONE;
			v.x.answer = &a;
			v.x.stage = 4;
			check_number(rows[i].name, stage_identified(&v.x),
			    rows[i].counts ? FLOW_NEXT : FLOW_WAIT);
			check_number(rows[i].name, seen.op, rows[i].counts ?
			    OP_NONE : OP_TOKEN_CHECK);
			check_number("the same room", v.x.stage,
			    rows[i].counts ? 4 : 3);
		}
		check_number(rows[i].name, tokens_find(tokens, abc_hash,
		    &user_id, &rights), rows[i].counts);
		if (!rows[i].counts) {
			hear(tokens, 9, NULL);
			check_number("at last", stage_identified(&v.x),
			    FLOW_DONE);
			check_number("at last", seen.error, ERR_UNAVAILABLE);
		}
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

/* What was heard of was a lie, or is of a store that is not there any more. */
static void
what_was_asked_after_the_news_counts(void **state)
{
	struct tokens	*tokens = tokens_new();
	struct answer	 a = said(OK, 0, 2);
	struct visit	 v;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	seen.user_is_up = true;
	hear(tokens, INT64_MAX, NULL);
	show_token(&v, "GET", "/flicket-api/user/1", tokens, "Bearer abc");
	v.x.answer = &a;
	check_number("counts", stage_identified(&v.x), FLOW_NEXT);
	visit_end(&v);
	tokens_destroy(&tokens);
}

/* A worker that knows the token as one with these rights, and a request. */
static void
let_in(struct visit *v, struct tokens **tokens, const char *method,
    const char *url, int64_t rights)
{
	memset(&seen, 0, sizeof(seen));
	seen.user_is_up = true;
	seen.heard_ms = clock_ms();
	*tokens = tokens_new();
	hear(*tokens, 3, NULL);
	tokens_keep(*tokens, abc_hash, 5, rights, INT64_MAX);
	check_number(url, show_token(v, method, url, *tokens, "Bearer abc"),
	    FLOW_NEXT);
	check_number(url, stage_permit(&v->x), FLOW_NEXT);
	v->x.asked = 1;
}

static void
a_write_is_confirmed(void **state)
{
	static const struct {
		const char	*name, *method, *path;
		int64_t		 rights;
		bool		 ended;		/* the cache has heard */
		enum err	 error;		/* then the service says */
		int64_t		 rights_then;
		enum err	 want;
		bool		 asks_anew;
	} rows[] = {
		{ "a read", "GET", "user/1", 0, true, OK, 0, OK, false },
		{ "known", "DELETE", "ticket/1", 1, false, OK, 1, OK, false },
		{ "ended", "DELETE", "ticket/1", 1, true, ERR_UNAUTHORIZED, 0,
		    ERR_UNAUTHORIZED, false },
		{ "still good", "DELETE", "ticket/1", 1, true, OK, 1, OK,
		    false },
		{ "no admin any more", "DELETE", "ticket/1", 1, true, OK, 2,
		    ERR_FORBIDDEN, false },
		{ "less, and enough", "PATCH", "ticket/1", 1, true, OK, 0, OK,
		    true },
		{ "the service is away", "PATCH", "ticket/1", 1, true,
		    ERR_UNAVAILABLE, 0, ERR_UNAVAILABLE, false },
	};
	struct tokens	*tokens;
	struct answer	 a;
	struct visit	 v;
	char		 url[64];
	bool		 asks;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].path);
		let_in(&v, &tokens, rows[i].method, url, rows[i].rights);
		args_put_number(&v.x.args, KEY_CHECKED, 3);
		args_put_text(&v.x.args, KEY_PASSWORD_HASH, TEXT_OF("$2b$"));
		v.x.passed = K(CHECKED);
		if (rows[i].ended)
			hear(tokens, 4, abc_hash);
		asks = rows[i].ended && rows[i].method[0] != 'G';
		check_number(rows[i].name, stage_confirm(&v.x), asks ?
		    FLOW_WAIT : FLOW_NEXT);
		check_number(rows[i].name, v.x.word_ms != 0,
		    rows[i].method[0] != 'G');
		a = said(rows[i].error, rows[i].rights_then, 4);
		v.x.answer = asks ? &a : NULL;
		check_number(rows[i].name, stage_confirmed(&v.x),
		    rows[i].want == OK ? FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, seen.error, rows[i].want);
		check_number(rows[i].name, v.x.asked, !rows[i].asks_anew);
		check_number("what depends on rights", args_has(&v.x.args,
		    KEY_CHECKED), !rows[i].asks_anew);
		check_true("what does not", args_has(&v.x.args,
		    KEY_PASSWORD_HASH));
		check_true(rows[i].name, seen.stage == (rows[i].asks_anew ?
		    STAGE_ASK : 0));
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

/* How old the word is that a write rests on. */
static void
a_word_is_as_old_as_the_last_heartbeat(void **state)
{
	static const struct { const char *name; bool up; int64_t heard_ago_ms,
	    want_ago_ms; } rows[] = {
		{ "just heard", true, 0, 0 },
		{ "a while ago", true, 700, 700 },
		{ "the service is away", false, 5000, 0 },
	};
	struct tokens	*tokens;
	struct visit	 v;
	int64_t		 now_ms;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		let_in(&v, &tokens, "PATCH", "/flicket-api/ticket/1", 0);
		now_ms = clock_ms();
		seen.user_is_up = rows[i].up;
		seen.heard_ms = now_ms - rows[i].heard_ago_ms;
		check_number(rows[i].name, stage_confirm(&v.x), FLOW_NEXT);
		check_true(rows[i].name, v.x.word_ms >= now_ms -
		    rows[i].want_ago_ms && (!rows[i].up ||
		    v.x.word_ms == seen.heard_ms));
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

static void
what_was_read_is_for_who_is_still_somebody(void **state)
{
	static const struct {
		const char	*name, *method, *path;
		bool		 ended, slow;
		enum err	 error;
		int64_t		 rights_then;
		bool		 asks;
		enum err	 want;
		bool		 anew;		/* it is read once more */
		bool		 slept;
		bool		 refused;	/* by others, before it */
	} rows[] = {
		{ "at once", "GET", "user/1", false, false, OK, 1, false, OK },
		{ "slowly", "GET", "user/1", false, true, OK, 1, false, OK },
		{ "ended", "GET", "user/1", true, false, ERR_UNAUTHORIZED, 0,
		    true, ERR_UNAUTHORIZED },
		{ "not this one", "GET", "user/1", true, false, OK, 1, true,
		    OK },
		{ "no admin any more", "GET", "groups/", true, true, OK, 0,
		    true, ERR_FORBIDDEN },
		{ "other rights", "GET", "user/1", true, true, OK, 0, true, OK,
		    .anew = true },
		{ "after a stall", "GET", "user/1", false, false,
		    ERR_UNAUTHORIZED, 0, true, ERR_UNAUTHORIZED,
		    .slept = true },
		{ "a write was done", "PATCH", "user/5", true, true, OK, 0,
		    false, OK },
		{ "a write was refused", "PATCH", "user/5", true, true,
		    ERR_UNAUTHORIZED, 0, true, ERR_UNAUTHORIZED,
		    .refused = true },
		{ "as it would be again", "PATCH", "user/5", true, true, OK, 0,
		    true, OK, .refused = true },
	};
	static const struct answer	body = { .tag = 77 };
	struct tokens			*tokens;
	struct answer			 a;
	struct visit			 v;
	char				 url[64];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(url, sizeof(url), "/flicket-api/%s", rows[i].path);
		let_in(&v, &tokens, rows[i].method, url, 1);
		v.x.began_us = 1;
		v.x.heard_us = rows[i].slow ? 1 + SURE_US : SURE_US;
		v.x.answer = &body;
		v.x.first_refusal = rows[i].refused ? &body : NULL;
		seen.slept = rows[i].slept;
		if (rows[i].ended)
			hear(tokens, 4, abc_hash);
		check_number(rows[i].name, stage_still(&v.x), rows[i].asks ?
		    FLOW_WAIT : FLOW_NEXT);
		a = said(rows[i].error, rows[i].rights_then, 4);
		if (rows[i].asks)
			v.x.answer = &a;
		check_number(rows[i].name, stage_held(&v.x), rows[i].want == OK ?
		    FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, seen.error, rows[i].want);
		if (rows[i].want == OK)
			check_number(rows[i].name, v.x.answer->tag, 77);
		check_true(rows[i].name, seen.stage == (rows[i].anew ?
		    STAGE_SEND : 0));
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

/* What waits for the user service's word is in memory meanwhile. */
static void
what_there_is_no_memory_for_is_refused(void **state)
{
	static const struct answer	body = { .tag = 77 };
	struct tokens			*tokens;
	struct visit			 v;

	(void)state;
	let_in(&v, &tokens, "GET", "/flicket-api/user/1", 1);
	v.x.answer = &body;
	hear(tokens, 4, abc_hash);
	seen.is_full = true;
	check_number("no memory", stage_still(&v.x), FLOW_DONE);
	check_number("no memory", seen.error, ERR_EXPIRED);
	visit_end(&v);
	tokens_destroy(&tokens);
}

/* A copy that was found for other rights is none of the client's. */
static void
what_is_read_anew_is_not_compared(void **state)
{
	static const struct answer	body = { .tag = 77 };
	const struct copy		*copy = (const struct copy *)&body;
	struct tokens			*tokens;
	struct answer			 a = said(OK, 0, 4);
	struct visit			 v;

	(void)state;
	for (int ours = 0; ours < 2; ours++) {
		let_in(&v, &tokens, "GET", "/flicket-api/users/", 1);
		v.x.answer = &body;
		v.x.copy = ours ? copy : NULL;
		args_put_text(&v.x.args, KEY_IF_NONE_MATCH, TEXT_OF("\"7\""));
		hear(tokens, 4, abc_hash);
		check_number("asks", stage_still(&v.x), FLOW_WAIT);
		v.x.answer = &a;
		check_number("goes on", stage_held(&v.x), FLOW_NEXT);
		check_true("anew", seen.stage == STAGE_SEND);
		check_true("no copy", v.x.copy == NULL);
		check_true("nothing waits", v.x.waiting == NULL);
		check_number("the client's stays", args_has(&v.x.args,
		    KEY_IF_NONE_MATCH), !ours);
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

static void
note_checked(struct exchange *x, enum err e)
{
	(void)x;
	seen.checked = e;
}

static void
each_piece_is_for_who_is_still_somebody(void **state)
{
	static const struct { const char *name; bool ended; enum err error;
	    int64_t as_of; enum err want; } rows[] = {
		{ "good", false, OK, 0, OK },
		{ "ended", true, ERR_UNAUTHORIZED, 4, ERR_UNAUTHORIZED },
		{ "not this one", true, OK, 9, OK },
		{ "of before, again and again", true, OK, 3, ERR_UNAVAILABLE },
		{ "the service is away", true, ERR_UNAVAILABLE, 4,
		    ERR_UNAVAILABLE },
	};
	struct tokens	*tokens;
	struct answer	 a;
	struct visit	 v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		let_in(&v, &tokens, "GET", "/flicket-api/tickets.csv", 0);
		if (rows[i].ended)
			hear(tokens, 4, abc_hash);
		seen.checked = ERR_INTERNAL;
		identity_check(&v.x, note_checked);
		a = said(rows[i].error, 0, rows[i].as_of);
		for (int j = 0; j <= PAST_MOST && rows[i].ended &&
		    seen.checked == ERR_INTERNAL; j++) {
			check_number(rows[i].name, seen.op, OP_TOKEN_CHECK);
			check_number(rows[i].name, seen.part, IDENTITY_PART);
			hear(tokens, 4 + j + (rows[i].as_of < 4), NULL);
			identity_part(&v.x, &a);
		}
		check_number(rows[i].name, seen.checked, rows[i].want);
		visit_end(&v);
		tokens_destroy(&tokens);
	}
}

static void
rights_are_asked_for(void **state)
{
	static const struct { const char *name, *method, *path; int64_t rights;
	    bool want; } rows[] = {
		{ "anyone", "GET", "ticket/1", 0, true },
		{ "staff", "POST", "departments/", RIGHT_STAFF, true },
		{ "not staff", "POST", "departments/", 0, false },
		{ "an admin has both", "POST", "departments/",
		    RIGHT_STAFF | RIGHT_ADMIN, true },
		{ "admin", "DELETE", "ticket/1", RIGHT_STAFF | RIGHT_ADMIN,
		    true },
		{ "not admin", "DELETE", "ticket/1", RIGHT_STAFF, false },
		{ "nothing", "DELETE", "ticket/1", 0, false },
		{ "the owner's to decide", "PATCH", "ticket/1", 0, true },
		{ "reading", "GET", "ticket/1", RIGHT_READ_ONLY, true },
		{ "reading only", "PATCH", "ticket/1", RIGHT_READ_ONLY, false },
		{ "reading only, an admin", "DELETE", "ticket/1",
		    RIGHT_READ_ONLY | RIGHT_ADMIN | RIGHT_STAFF, false },
	};
	struct buf	url = { 0 };
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		memset(&seen, 0, sizeof(seen));
		url.len = 0;
		buf_printf(&url, "/flicket-api/%s%c", rows[i].path, 0);
		visit_begin(&v, rows[i].method, url.base);
		v.x.rights = rows[i].rights;
		check_number(rows[i].name, stage_permit(&v.x), rows[i].want ?
		    FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, seen.error, rows[i].want ? OK :
		    ERR_FORBIDDEN);
		visit_end(&v);
	}
	buf_done(&url);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("addresses are told apart, IPv6 by network",
		    addresses_are_told_apart),
		TEST("a name and a password are decoded, or refused",
		    names_and_passwords_are_decoded),
		TEST("a token is known by its hash alone",
		    tokens_are_known_by_their_hash),
		TEST("the cache is trusted while the user service is heard of, "
		    "and for a while", the_cache_is_trusted_for_a_while),
		TEST("what the user service says of a token counts",
		    what_the_user_service_says_counts),
		TEST("what is from before a revocation is asked again",
		    what_is_from_before_a_revocation_is_asked_again),
		TEST("what was asked after the news counts",
		    what_was_asked_after_the_news_counts),
		TEST("a write is confirmed before it is sent",
		    a_write_is_confirmed),
		TEST("a word is as old as the last heartbeat",
		    a_word_is_as_old_as_the_last_heartbeat),
		TEST("what was read is for who is still somebody",
		    what_was_read_is_for_who_is_still_somebody),
		TEST("what there is no memory for is refused",
		    what_there_is_no_memory_for_is_refused),
		TEST("what is read anew is not compared with a copy of before",
		    what_is_read_anew_is_not_compared),
		TEST("each piece is for who is still somebody",
		    each_piece_is_for_who_is_still_somebody),
		TEST("rights are asked for", rights_are_asked_for),
	};

	return cmocka_run_group_tests_name("identify", tests, start, NULL);
}
