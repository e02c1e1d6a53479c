/* gateway/reply/picture.c */
#include "exchange.h"
#include "fakes.h"

#include "gateway/reply/picture.h"

static void
a_picture_is_taken_or_refused(void **state)
{
	static char	large[AVATAR_MOST_BYTES + 1];
	static const struct { const char *name, *type; size_t len;
	    enum err want; const char *as; } rows[] = {
		{ "png", "image/png", 5, OK, "image/png" },
		{ "capitals", "IMAGE/JPEG", 5, OK, "image/jpeg" },
		{ "parameters", "image/gif ; q=1", 5, OK, "image/gif" },
		{ "no type", NULL, 5, ERR_BAD_MEDIA_TYPE, NULL },
		{ "an empty type", "", 5, ERR_BAD_MEDIA_TYPE, NULL },
		{ "svg", "image/svg+xml", 5, ERR_BAD_MEDIA_TYPE, NULL },
		{ "json", "application/json", 5, ERR_BAD_MEDIA_TYPE, NULL },
		{ "empty", "image/png", 0, ERR_BAD_REQUEST, NULL },
		{ "largest", "image/png", AVATAR_MOST_BYTES, OK, "image/png" },
		{ "too large", "image/png", AVATAR_MOST_BYTES + 1,
		    ERR_BODY_TOO_LARGE, NULL },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		responded_clear();
		visit_begin(&v, "PUT", "/flicket-api/user/me/avatar");
		v.req.entity = h2o_iovec_init(large, rows[i].len);
		if (rows[i].type != NULL)
			visit_header(&v, H2O_TOKEN_CONTENT_TYPE, rows[i].type);
		check_number(rows[i].name, picture_decode(&v.x),
		    rows[i].want == OK ? FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, responded.error, rows[i].want);
		check_number("it says what is wrong", responded.message[0] !=
		    '\0', rows[i].want != OK);
		if (rows[i].want == OK) {
			check_text(rows[i].name, args_text(&v.x.args,
			    KEY_MEDIA_TYPE), text_of(rows[i].as));
			check_number(rows[i].name, (int64_t)args_text(
			    &v.x.args, KEY_BODY).len, (int64_t)rows[i].len);
		}
		visit_end(&v);
	}
}

static char	etag_shown[64];
static char	cache_shown[64];

static void
show(struct visit *v, const char *if_none_match)
{
	static struct answer	a;

	responded_clear();
	args_clear(&a.extra);
	args_put_text(&a.extra, KEY_BODY, TEXT_OF("p\0x"));
	args_put_text(&a.extra, KEY_MEDIA_TYPE, TEXT_OF("image/png"));
	visit_begin(v, "GET", "/flicket/static/flicket_avatars/a.png");
	v->x.answer = &a;
	if (if_none_match != NULL)
		visit_header(v, H2O_TOKEN_IF_NONE_MATCH, if_none_match);
	check_number("answered", picture_answer(&v->x), FLOW_DONE);
	snprintf(etag_shown, sizeof(etag_shown), "%.*s",
	    (int)responded_header(&v->x, "etag").len,
	    responded_header(&v->x, "etag").base);
	snprintf(cache_shown, sizeof(cache_shown), "%.*s",
	    (int)responded_header(&v->x, "cache-control").len,
	    responded_header(&v->x, "cache-control").base);
	visit_end(v);
}

static void
a_picture_is_answered_with_a_tag(void **state)
{
	struct visit	v;
	char		etag[64], several[160];

	(void)state;
	show(&v, NULL);
	check_number("status", responded.status, 200);
	check_string("type", responded.type, "image/png");
	check_text("bytes", (struct text){ responded.body, responded.body_len },
	    TEXT_OF("p\0x"));
	check_number("headers", responded.headers, 2);
	check_string("cached", cache_shown, "private, max-age=86400");
	snprintf(etag, sizeof(etag), "%s", etag_shown);
	check_number("a tag", (int64_t)strlen(etag), 34);
	snprintf(several, sizeof(several), "\"other\", W/%s", etag);
	show(&v, etag);
	check_number("has it", responded.status, 304);
	check_number("no bytes", (int64_t)responded.body_len, 0);
	show(&v, several);
	check_number("one of several", responded.status, 304);
	show(&v, "*");
	check_number("any", responded.status, 304);
	show(&v, "\"other\"");
	check_number("another", responded.status, 200);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a picture is taken, or refused in words",
		    a_picture_is_taken_or_refused),
		TEST("a picture is answered with a tag",
		    a_picture_is_answered_with_a_tag),
	};

	return cmocka_run_group_tests_name("picture", tests, visit_routes, NULL);
}
