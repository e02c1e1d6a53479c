/* gateway/reply/picture.c; what it answers is kept. */
#include "exchange.h"

#include "gateway/reply/picture.c"

static struct {
	enum err	error;
	int		status;
	char		type[64];
	char		body[64];
	size_t		body_len;
	char		etag[64];
	unsigned	headers;
} seen;

enum flow
respond_error(struct exchange *x, enum err e, const char *message)
{
	(void)x;
	check_true("it says what is wrong", message != NULL && *message != 0);
	seen.error = e;
	return FLOW_DONE;
}

enum flow
respond_body(struct exchange *x, int status, const char *type,
    struct text body)
{
	(void)x;
	seen.status = status;
	snprintf(seen.type, sizeof(seen.type), "%s", type == NULL ? "" : type);
	check_true("body", body.len <= sizeof(seen.body));
	memcpy(seen.body, body.base, body.len);
	seen.body_len = body.len;
	return FLOW_DONE;
}

h2o_iovec_t
respond_type(struct exchange *x, struct text told)
{
	return h2o_strdup(&x->req->pool, told.base, told.len);
}

void
respond_header(struct exchange *x, const char *name, const char *value)
{
	(void)x;
	seen.headers++;
	if (strcmp(name, "ETag") == 0)
		snprintf(seen.etag, sizeof(seen.etag), "%s", value);
}

static void
a_picture_is_taken_or_refused(void **state)
{
	static char	large[PICTURE_MOST_BYTES + 1];
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
		{ "largest", "image/png", PICTURE_MOST_BYTES, OK, "image/png" },
		{ "too large", "image/png", PICTURE_MOST_BYTES + 1,
		    ERR_BODY_TOO_LARGE, NULL },
	};
	struct visit	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		memset(&seen, 0, sizeof(seen));
		visit_begin(&v, "PUT", "/flicket-api/user/me/avatar");
		v.req.entity = h2o_iovec_init(large, rows[i].len);
		if (rows[i].type != NULL)
			visit_header(&v, H2O_TOKEN_CONTENT_TYPE, rows[i].type);
		check_number(rows[i].name, picture_decode(&v.x),
		    rows[i].want == OK ? FLOW_NEXT : FLOW_DONE);
		check_number(rows[i].name, seen.error, rows[i].want);
		if (rows[i].want == OK) {
			check_text(rows[i].name, args_text(&v.x.args,
			    KEY_MEDIA_TYPE), text_of(rows[i].as));
			check_number(rows[i].name, (int64_t)args_text(
			    &v.x.args, KEY_BODY).len, (int64_t)rows[i].len);
		}
		visit_end(&v);
	}
}

static void
show(struct visit *v, const char *if_none_match)
{
	static struct answer	a;

	memset(&seen, 0, sizeof(seen));
	args_clear(&a.extra);
	args_put_text(&a.extra, KEY_BODY, TEXT_OF("p\0x"));
	args_put_text(&a.extra, KEY_MEDIA_TYPE, TEXT_OF("image/png"));
	visit_begin(v, "GET", "/flicket/static/flicket_avatars/a.png");
	v->x.answer = &a;
	if (if_none_match != NULL)
		visit_header(v, H2O_TOKEN_IF_NONE_MATCH, if_none_match);
	check_number("answered", picture_answer(&v->x), FLOW_DONE);
	visit_end(v);
}

static void
a_picture_is_answered_with_a_tag(void **state)
{
	struct visit	v;
	char		etag[64], several[160];

	(void)state;
	show(&v, NULL);
	check_number("status", seen.status, 200);
	check_string("type", seen.type, "image/png");
	check_text("bytes", (struct text){ seen.body, seen.body_len },
	    TEXT_OF("p\0x"));
	check_number("headers", seen.headers, 3);
	snprintf(etag, sizeof(etag), "%s", seen.etag);
	check_number("a tag", (int64_t)strlen(etag), 34);
	snprintf(several, sizeof(several), "\"other\", W/%s", etag);
	show(&v, etag);
	check_number("has it", seen.status, 304);
	check_number("no bytes", (int64_t)seen.body_len, 0);
	show(&v, several);
	check_number("one of several", seen.status, 304);
	show(&v, "*");
	check_number("any", seen.status, 304);
	show(&v, "\"other\"");
	check_number("another", seen.status, 200);
}

static int
start(void **state)
{
	(void)state;
	routes_init();
	return 0;
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

	return cmocka_run_group_tests_name("picture", tests, start, NULL);
}
