/* gateway/stage/login.c */
#include "let_in.h"

#include "gateway/http/proxies.h"

static struct proxies	*proxies;

static int
start(void **state)
{
	static const struct settings	none = { .trusted_proxies = "" };

	(void)state;
	routes_init();
	proxies = proxies_new(&none);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	proxies_destroy(&proxies);
	return 0;
}

static enum flow
log_in(struct visit *v, const char *body)
{
	seen_clear();
	visit_begin(v, "POST", "/flicket-api/session");
	v->gateway.proxies = proxies;
	v->settings.base_url = "http://localhost:5000";
	v->settings.login_timeout_ms = 15000;
	v->req.authority = h2o_iovec_init(H2O_STRLIT("localhost:5000"));
	v->req.entity = h2o_strdup(&v->req.pool, body, SIZE_MAX);
	v->x.stage = STAGE_IDENTIFY;
	return FLOW_NEXT;
}

static void
bodies_are_read(void **state)
{
	static const struct { const char *body, *name, *password;
	    int64_t remember; const char *code, *field; } rows[] = {
		{ "{\"username\":\"jo\",\"password\":\"p\"}", "jo", "p", 0 },
		{ "\xef\xbb\xbf{\"username\":\"jo\",\"password\":\"p\"}", "jo",
		    "p", 0 },
		{ "{\"username\":\"\",\"password\":\"\",\"remember\":true}", "",
		    "", 1 },
		{ "{\"username\":\"\\u4e2d:\",\"password\":\":\\ud83d\\ude00\","
		    "\"remember\":false}", "中:", ":", 0 },
		/* what is missing or of another type */
		{ "", NULL, NULL, 0, "required", "username" },
		{ "{}", NULL, NULL, 0, "required", "username" },
		{ "{\"username\":\"jo\"}", NULL, NULL, 0, "required",
		    "password" },
		{ "{\"username\":1,\"password\":\"p\"}", NULL, NULL, 0,
		    "wrong_type", "username" },
		{ "{\"username\":\"jo\",\"password\":null}", NULL, NULL, 0,
		    "wrong_type", "password" },
		{ "{\"username\":\"jo\",\"password\":\"p\",\"remember\":1}",
		    NULL, NULL, 0, "wrong_type", "remember" },
		{ "{\"username\":\"jo\",\"password\":\"p\",\"remember\":null}",
		    NULL, NULL, 0, "wrong_type", "remember" },
		{ "{\"username\":\"jo\",\"password\":\"p\",\"token\":\"x\"}",
		    NULL, NULL, 0, "unknown_field", "token" },
		{ "{\"username\":99999999999999999999,\"password\":\"p\"}",
		    NULL, NULL, 0, "wrong_type", "username" },
		{ "{\"username\":\"jo\\u0000\",\"password\":\"p\"}", NULL, NULL,
		    0, "invalid_character", "username" },
		{ "{\"username\":\"jo\",\"password\":\"p\\u0000q\"}", NULL,
		    NULL, 0, "invalid_character", "password" },
		/* no object, no JSON */
		{ "[]", NULL, NULL, 0, "wrong_type", "" },
		{ "\"jo\"", NULL, NULL, 0, "wrong_type", "" },
		{ "null", NULL, NULL, 0, "wrong_type", "" },
		{ "username=jo&password=p", NULL, NULL, 0, "invalid_json",
		    "" },
		{ "{\"username\":\"jo\",\"password\":\"p\"", NULL, NULL, 0,
		    "invalid_json", "" },
		{ "{\"username\":\"jo\",\"username\":\"x\",\"password\":\"p\"}",
		    NULL, NULL, 0, "invalid_json", "" },
		{ "{\"username\":\"\xff\",\"password\":\"p\"}", NULL, NULL, 0,
		    "invalid_json", "" },
	};
	struct visit	v;
	enum flow	flow;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		log_in(&v, rows[i].body);
		flow = identify_begin(&v.x);
		if (rows[i].name == NULL) {
			check_number(rows[i].body, flow, FLOW_DONE);
			check_number(rows[i].body, responded.error,
			    ERR_BAD_REQUEST);
			check_string(rows[i].body, responded.code,
			    rows[i].code);
			check_string(rows[i].body, responded.field,
			    rows[i].field);
			check_number("nobody is asked", fake_bus.asked, 0);
			visit_end(&v);
			continue;
		}
		check_number(rows[i].body, flow, FLOW_WAIT);
		check_number(rows[i].body, fake_bus.op, OP_PASSWORD_CHECK);
		check_text(rows[i].body, args_text(&fake_bus.args,
		    KEY_USERNAME), text_of(rows[i].name));
		check_number("its beginning", memcmp(args_text(&fake_bus.args,
		    KEY_PASSWORD).base, rows[i].password,
		    strlen(rows[i].password)), 0);
		check_number("remember", args_number(&v.x.args, KEY_REMEMBER,
		    0), rows[i].remember);
		check_text("a name for the list", args_text(&v.x.args,
		    KEY_AGENT), TEXT_OF("console"));
		visit_end(&v);
	}
}

static void
long_ones_are_refused(void **state)
{
	static const struct { const char *member; size_t len; bool is_good; }
	rows[] = {
		{ "username", IDENTIFY_CREDENTIALS_MOST, true },
		{ "username", IDENTIFY_CREDENTIALS_MOST + 1, false },
		{ "password", IDENTIFY_CREDENTIALS_MOST, true },
		{ "password", IDENTIFY_CREDENTIALS_MOST + 1, false },
	};
	char		text[IDENTIFY_CREDENTIALS_MOST + 2];
	char		body[2 * sizeof(text)];
	struct visit	v;
	enum flow	flow;

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < LEN(rows); i++) {
		snprintf(body, sizeof(body), "{\"%s\":\"%.*s\",\"%s\":\"x\"}",
		    rows[i].member, (int)rows[i].len, text,
		    rows[i].member[0] == 'u' ? "password" : "username");
		log_in(&v, body);
		flow = identify_begin(&v.x);
		check_number(rows[i].member, flow, rows[i].is_good ?
		    FLOW_WAIT : FLOW_DONE);
		if (!rows[i].is_good) {
			check_string("code", responded.code, "too_long");
			check_string("field", responded.field,
			    rows[i].member);
		}
		visit_end(&v);
	}
}

static void
other_pages_and_types_are_refused(void **state)
{
	static const struct { const char *name, *value; enum err error;
	    const char *code; } rows[] = {
		{ "origin", "http://localhost:5001", ERR_FORBIDDEN,
		    "foreign_page" },
		{ "origin", "null", ERR_FORBIDDEN, "foreign_page" },
		{ "sec-fetch-site", "same-site", ERR_FORBIDDEN,
		    "foreign_page" },
		{ "sec-fetch-site", "cross-site", ERR_FORBIDDEN,
		    "foreign_page" },
		{ "origin", "http://localhost:5000", OK, NULL },
		{ "sec-fetch-site", "same-origin", OK, NULL },
		{ "content-type", "text/plain", ERR_BAD_MEDIA_TYPE, NULL },
		{ "content-type", "application/x-www-form-urlencoded",
		    ERR_BAD_MEDIA_TYPE, NULL },
		{ "content-type", "application/json; charset=utf-8", OK,
		    NULL },
		{ "content-encoding", "gzip", ERR_BAD_MEDIA_TYPE, NULL },
	};
	struct visit	v;
	enum flow	flow;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		log_in(&v, "{\"username\":\"jo\",\"password\":\"p\"}");
		h2o_add_header_by_str(&v.req.pool, &v.req.headers,
		    rows[i].name, strlen(rows[i].name), 1, NULL,
		    rows[i].value, strlen(rows[i].value));
		flow = identify_begin(&v.x);
		check_number(rows[i].value, flow, rows[i].error == OK ?
		    FLOW_WAIT : FLOW_DONE);
		check_number(rows[i].value, responded.error, rows[i].error);
		if (rows[i].code != NULL)
			check_string(rows[i].value, responded.code,
			    rows[i].code);
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("bodies are read", bodies_are_read),
		TEST("long ones are refused", long_ones_are_refused),
		TEST("other pages and types are refused",
		    other_pages_and_types_are_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
