/* A cookie, and the JSON around the user. */
#include "gateway/reply/session.h"

#include "base/clock.h"
#include "base/json.h"
#include "gateway/reply/fragment.h"
#include "gateway/reply/respond.h"

struct cookie_desk
session_desk(const struct exchange *x)
{
	const struct gateway	*g = x->worker->gateway;

	return (struct cookie_desk){ g->settings->base_url, g->proxies };
}

static void
put_cookie(struct exchange *x, struct text token, int64_t max_age_s)
{
	struct cookie_desk	desk = session_desk(x);
	char			field[COOKIE_FIELD_SIZE];

	cookie_print(x->req, &desk, token, max_age_s, field);
	respond_header(x, "Set-Cookie", field);
}

/* Of a session that is not remembered the browser forgets the cookie itself. */
static void
put_new_cookie(struct exchange *x)
{
	const struct args	*extra = &x->answer->extra;
	int64_t			 left_us = args_number(extra, KEY_EXPIRES, 0) -
				    wall_us();

	put_cookie(x, args_text(extra, KEY_TOKEN),
	    args_number(&x->args, KEY_REMEMBER, 0) != 0 ? left_us / 1000000 :
	    0);
}

/* services/ticket/writes.c decides; this says whether it is worth asking. */
static bool
may_change_category(const struct exchange *x, int64_t rights)
{
	const char	*who = x->worker->gateway->settings->change_category;

	return x->user_id != 0 && (strcmp(who, "everybody") == 0 ||
	    (strcmp(who, "staff") == 0 && (rights & RIGHT_STAFF) != 0));
}

static void
put_extensions(struct buf *b, const char *list)
{
	struct entries	entries = entries_of(list);
	struct text	entry;
	bool		first = true;

	buf_put_byte(b, '[');
	while (entries_next(&entries, &entry)) {
		if (!first)
			buf_put_byte(b, ',');
		json_put_text(b, entry);
		first = false;
	}
	buf_put_byte(b, ']');
}

static void
put_limits(struct buf *b, const struct settings *s)
{
	buf_printf(b, "\"limits\":{\"avatar_bytes\":%d,\"per_page\":%d,"
	    "\"upload_bytes\":%lld,\"upload_extensions\":", AVATAR_MOST_BYTES,
	    PER_PAGE_DEFAULT, (long long)s->upload_max_bytes);
	put_extensions(b, s->upload_extensions);
	buf_put_byte(b, '}');
}

static void
put_rights(struct buf *b, int64_t rights)
{
	bool	is_admin = (rights & RIGHT_ADMIN) != 0;
	bool	is_staff = (rights & RIGHT_STAFF) != 0;

	buf_printf(b, ",\"read_only\":%s,\"rights\":[%s%s%s]",
	    (rights & RIGHT_READ_ONLY) != 0 ? "true" : "false",
	    is_admin ? "\"admin\"" : "", is_admin && is_staff ? "," : "",
	    is_staff ? "\"staff\"" : "");
}

/* What the owner's answer says of the token; 0: nothing. */
static int64_t
number_of_token(const struct exchange *x, enum key key)
{
	/* the token may have ended since the owner was asked */
	return x->user_id == 0 ? 0 :
	    args_number(&x->answer->extra, key, 0);
}

static void
put_session(struct buf *b, const struct exchange *x, int64_t rights)
{
	const struct settings	*s = x->worker->gateway->settings;
	int64_t			 expires = number_of_token(x, KEY_EXPIRES);
	int64_t			 token_id = number_of_token(x, KEY_ID);

	buf_put_text(b, "{\"expires\":");
	if (expires != 0)
		json_put_date(b, expires);
	else
		buf_put_text(b, "null");
	buf_printf(b, ",\"features\":{\"change_category\":%s},",
	    may_change_category(x, rights) ? "true" : "false");
	put_limits(b, s);
	put_rights(b, rights);
	buf_put_text(b, ",\"title\":");
	json_put_text(b, (struct text){ s->title, strlen(s->title) });
	buf_put_text(b, ",\"token_id\":");
	if (token_id != 0)
		json_put_number(b, token_id);
	else
		buf_put_text(b, "null");
	buf_put_text(b, ",\"user\":");
	if (x->user_id != 0)
		fragment_put(b, x, x->answer->fragment);
	else
		buf_put_text(b, "null");
	buf_put_text(b, ",\"version\":\"" FLICKET_VERSION "\"}\n");
}

static enum flow
answer_created(struct exchange *x)
{
	put_new_cookie(x);
	put_session(respond_buffer(x), x, args_number(&x->answer->extra,
	    KEY_RIGHTS, x->rights));
	return respond_buffered(x, x->route->status, "application/json");
}

static enum flow
answer_found(struct exchange *x)
{
	put_session(respond_buffer(x), x, x->rights);
	return respond_buffered(x, x->route->status, "application/json");
}

static enum flow
answer_ended(struct exchange *x)
{
	if (x->identity.had_cookie)
		put_cookie(x, TEXT_OF(""), 0);
	return respond_body(x, x->route->status, NULL, TEXT_OF(""));
}

enum flow
session_answer(struct exchange *x)
{
	switch (x->route->op) {
	case OP_SESSION_CREATE:
		return answer_created(x);
	case OP_SESSION_GET:
		return answer_found(x);
	default:
		return answer_ended(x);
	}
}
