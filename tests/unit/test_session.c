/* gateway/reply/session.c */
#include "exchange.h"
#include "fakes.h"

#include <jansson.h>

#include "base/clock.h"
#include "gateway/reply/session.h"

static void
begin(struct visit *v, const char *method, struct answer *a)
{
	static struct settings	none = { .trusted_proxies = "" };
	static struct proxies	*proxies;

	if (proxies == NULL)
		proxies = proxies_new(&none);
	responded_clear();
	visit_begin(v, method, "/flicket-api/session");
	v->gateway.proxies = proxies;
	v->settings.base_url = "http://localhost:5000";
	v->settings.title = "The \"desk\"";
	v->settings.change_category = "staff";
	v->settings.upload_extensions = "png, txt";
	v->settings.upload_max_bytes = 1000;
	v->req.authority = h2o_iovec_init(H2O_STRLIT("localhost:5000"));
	v->x.user_id = 5;
	*a = (struct answer){ .error = OK,
	    .fragment = TEXT_OF("{\"id\":5}") };
	v->x.answer = a;
}

static json_t *
answer(struct visit *v, int status)
{
	json_t	*root;

	check_number("answered", session_answer(&v->x), FLOW_DONE);
	check_number("status", responded.status, status);
	if (status == 204)
		return NULL;
	root = json_loadb(responded.body, responded.body_len, 0, NULL);
	check_true("JSON", root != NULL);
	return root;
}

static void
rights_are_told(void **state)
{
	static const struct { const char *setting; int64_t user, rights;
	    const char *want; } rows[] = {
		{ "staff", 5, 0, "[[],false,false,5]" },
		{ "staff", 5, RIGHT_STAFF, "[[\"staff\"],true,false,5]" },
		{ "staff", 5, RIGHT_STAFF | RIGHT_ADMIN,
		    "[[\"admin\",\"staff\"],true,false,5]" },
		{ "staff", 5, RIGHT_READ_ONLY, "[[],false,true,5]" },
		{ "nobody", 5, RIGHT_STAFF, "[[\"staff\"],false,false,5]" },
		{ "everybody", 5, 0, "[[],true,false,5]" },
		/* nobody, also where the token ended after the owner's answer */
		{ "everybody", 0, 0, "[[],false,false,null]" },
	};
	struct visit	 v;
	struct answer	 a;
	json_t		*root, *told, *user;
	char		*text;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		begin(&v, "GET", &a);
		v.settings.change_category = rows[i].setting;
		v.x.user_id = rows[i].user;
		v.x.rights = rows[i].rights;
		root = answer(&v, 200);
		user = json_object_get(root, "user");
		told = json_pack("[O,O,O,O]", json_object_get(root, "rights"),
		    json_object_get(json_object_get(root, "features"),
		    "change_category"), json_object_get(root, "read_only"),
		    json_is_null(user) ? user : json_object_get(user, "id"));
		text = json_dumps(told, JSON_COMPACT);
		check_string(rows[i].setting, text, rows[i].want);
		check_text("no cookie", responded_header(&v.x, "set-cookie"),
		    TEXT_OF(""));
		free(text);
		json_decref(told);
		json_decref(root);
		visit_end(&v);
	}
}

static void
the_desk_is_told(void **state)
{
	struct visit	 v;
	struct answer	 a;
	json_t		*root;
	char		*limits;

	(void)state;
	begin(&v, "GET", &a);
	args_put_number(&a.extra, KEY_EXPIRES, 1000000);
	root = answer(&v, 200);
	check_string("title", json_string_value(json_object_get(root,
	    "title")), "The \"desk\"");
	check_string("version", json_string_value(json_object_get(root,
	    "version")), FLICKET_VERSION);
	check_string("expires", json_string_value(json_object_get(root,
	    "expires")), "Thu, 01 Jan 1970 00:00:01 GMT");
	limits = json_dumps(json_object_get(root, "limits"), JSON_COMPACT);
	check_string("limits", limits, "{\"avatar_bytes\":1048576,"
	    "\"per_page\":50,\"upload_bytes\":1000,"
	    "\"upload_extensions\":[\"png\",\"txt\"]}");
	free(limits);
	json_decref(root);
	visit_end(&v);
}

static void
the_id_of_the_token_is_told(void **state)
{
	static const struct { int64_t user, id; const char *want; } rows[] = {
		{ 5, INT64_MAX, "9223372036854775807" },
		/* of a user service that does not tell it */
		{ 5, 0, "null" },
		/* the token ended after the owner's answer */
		{ 0, 7, "null" },
	};
	struct visit	 v;
	struct answer	 a;
	json_t		*root;
	char		*text;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		begin(&v, "GET", &a);
		v.x.user_id = rows[i].user;
		if (rows[i].id != 0)
			args_put_number(&a.extra, KEY_ID, rows[i].id);
		root = answer(&v, 200);
		text = json_dumps(json_object_get(root, "token_id"),
		    JSON_COMPACT | JSON_ENCODE_ANY);
		check_string("token_id", text, rows[i].want);
		free(text);
		json_decref(root);
		visit_end(&v);
	}
}

static void
the_token_becomes_a_cookie(void **state)
{
	struct visit	v;
	struct answer	a;
	const char	*age;
	struct text	cookie;

	(void)state;
	for (int64_t remember = 0; remember < 2; remember++) {
		begin(&v, "POST", &a);
		args_put_number(&v.x.args, KEY_REMEMBER, remember);
		args_put_text(&a.extra, KEY_TOKEN, TEXT_OF("se+cret="));
		args_put_number(&a.extra, KEY_EXPIRES, wall_us() +
		    INT64_C(100) * 1000000);
		json_decref(answer(&v, 200));
		cookie = responded_header(&v.x, "set-cookie");
		check_true("the token", cookie.len > 20 && memcmp(cookie.base,
		    "flicket-5000=se+cret=;", 22) == 0);
		age = memmem(cookie.base, cookie.len, "Max-Age=", 8);
		check_number("it lasts", age != NULL, remember);
		if (remember != 0)
			check_true("as long as the token", strcmp(age,
			    "Max-Age=99") == 0 || strcmp(age, "Max-Age=100")
			    == 0);
		check_true("the token is in the cookie only",
		    strstr(responded.body, "se+cret=") == NULL);
		visit_end(&v);
	}
}

static void
the_cookie_of_an_ended_session_goes(void **state)
{
	struct visit	v;
	struct answer	a;

	(void)state;
	for (int is_cookie = 0; is_cookie < 2; is_cookie++) {
		begin(&v, "DELETE", &a);
		v.x.identity.had_cookie = is_cookie;
		answer(&v, 204);
		check_text("it goes with its session only",
		    responded_header(&v.x, "set-cookie"), text_of(is_cookie ?
		    "flicket-5000=; Path=/; HttpOnly; SameSite=Strict; "
		    "Max-Age=0" : ""));
		visit_end(&v);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("rights are told", rights_are_told),
		TEST("the desk is told", the_desk_is_told),
		TEST("the id of the token is told",
		    the_id_of_the_token_is_told),
		TEST("the token becomes a cookie", the_token_becomes_a_cookie),
		TEST("the cookie of an ended session goes",
		    the_cookie_of_an_ended_session_goes),
	};

	return cmocka_run_group_tests(tests, visit_routes, NULL);
}
