/* Problem details: who wants them, what they look like. */
#include "gateway/http/problem.h"

#include "base/json.h"

/* Qualities are in thousandths; RANGE_BAD is no range at all. */
#define QUALITY_ONE	1000
#define RANGE_BAD	(-1)

/* What the ranges of a header Accept say of the two types; -1: nothing. */
struct wishes {
	int	problem;	/* named */
	int	json;		/* named */
	int	application;	/* any of these */
	int	any;
};

/* --- the header Accept ---------------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct text
trim(struct text t)
{
	while (t.len > 0 && is_space(t.base[0])) {
		t.base++;
		t.len--;
	}
	while (t.len > 0 && is_space(t.base[t.len - 1]))
		t.len--;
	return t;
}

/* Take what is before the next separator that is not in quotes. */
static struct text
take_part(struct text *left, char separator)
{
	struct text	part = { left->base, 0 };
	bool		quoted = false;
	size_t		i;

	for (i = 0; i < left->len; i++) {
		if (left->base[i] == '"')
			quoted = !quoted;
		else if (quoted && left->base[i] == '\\' && i + 1 < left->len)
			i++;
		else if (!quoted && left->base[i] == separator)
			break;
	}
	part.len = i;
	i += i < left->len;
	left->base += i;
	left->len -= i;
	return trim(part);
}

static bool
is_same(struct text t, const char *lower)
{
	return h2o_lcstris(t.base, t.len, lower, strlen(lower));
}

/* 0 to 1 with at most three decimals, in thousandths; RANGE_BAD. */
static int
read_quality(struct text t)
{
	int	value, unit = QUALITY_ONE / 10;

	if (t.len == 0 || t.len > 5 || (t.base[0] != '0' && t.base[0] != '1') ||
	    (t.len > 1 && t.base[1] != '.'))
		return RANGE_BAD;
	value = (t.base[0] - '0') * QUALITY_ONE;
	for (size_t i = 2; i < t.len; i++, unit /= 10) {
		if (t.base[i] < '0' || t.base[i] > '9')
			return RANGE_BAD;
		value += (t.base[i] - '0') * unit;
	}
	return value <= QUALITY_ONE ? value : RANGE_BAD;
}

/* The quality among the parameters of a range. */
static int
quality_of(struct text parameters)
{
	struct text	value, name;

	while (parameters.len > 0) {
		value = take_part(&parameters, ';');
		name = take_part(&value, '=');
		if (is_same(name, "q"))
			return read_quality(value);
	}
	return QUALITY_ONE;
}

static void
raise_to(int *wish, int quality)
{
	if (quality > *wish)
		*wish = quality;
}

static void
read_accept(struct wishes *w, struct text value)
{
	struct text	range, type;
	int		quality;

	while (value.len > 0) {
		range = take_part(&value, ',');
		type = take_part(&range, ';');
		quality = quality_of(range);
		if (is_same(type, PROBLEM_TYPE))
			raise_to(&w->problem, quality);
		else if (is_same(type, "application/json"))
			raise_to(&w->json, quality);
		else if (is_same(type, "application/*"))
			raise_to(&w->application, quality);
		else if (is_same(type, "*/*"))
			raise_to(&w->any, quality);
	}
}

bool
problem_is_wanted(const h2o_req_t *req)
{
	struct wishes	w = { -1, -1, -1, -1 };
	ssize_t		at = -1;
	int		json;

	while ((at = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT,
	    at)) != -1)
		read_accept(&w, (struct text){
		    req->headers.entries[at].value.base,
		    req->headers.entries[at].value.len });
	json = w.json != -1 ? w.json :
	    w.application != -1 ? w.application : w.any;
	return w.problem > 0 && w.problem >= json;
}

/* --- the body ------------------------------------------------------------- */

/* Flicket says no more than their names of these. */
static const char *
detail_of(int status)
{
	switch (status) {
	case 401: return "No token was sent, or it is not valid (any more), or "
	    "the name or the password is wrong.";
	case 404: return "There is no such path, thing or page.";
	default: return "";
	}
}

void
problem_put(struct buf *b, int status, const char *reason,
    struct text message, struct text request_id)
{
	const char	*detail = detail_of(status);

	if (message.len == 0)
		message = (struct text){ detail, strlen(detail) };
	buf_put_byte(b, '{');
	if (message.len > 0) {
		buf_put_text(b, "\"detail\":");
		json_put_text(b, message);
		buf_put_byte(b, ',');
	}
	/* an id has only characters that a URN may have (trace.c) */
	buf_printf(b, "\"instance\":\"urn:flicketd:request:%.*s\","
	    "\"status\":%d,\"title\":", (int)request_id.len, request_id.base,
	    status);
	json_put_text(b, (struct text){ reason, strlen(reason) });
	buf_put_text(b, ",\"type\":\"about:blank\"}\n");
}
