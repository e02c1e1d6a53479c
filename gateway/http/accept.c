/* Both are read by their grammar: lists, parameters, quoted strings. */
#include "gateway/http/accept.h"

#include "gateway/http/chars.h"
#include "gateway/http/problem.h"

#define RANGE_BAD	(-1)	/* a quality that is not valid */

/* Take the text before the next separator that is not in quotes. */
static struct text
take_accept_part(struct text *left, char separator)
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
	return trim_blanks(part);
}

static bool
is_type(struct text t, const char *lower)
{
	return h2o_lcstris(t.base, t.len, lower, strlen(lower));
}

/* 0 to 1 with at most three decimals, in thousandths; RANGE_BAD. */
static int
read_quality(struct text t)
{
	int	value, unit = ACCEPT_QUALITY_ONE / 10;

	if (t.len == 0 || t.len > 5 || (t.base[0] != '0' && t.base[0] != '1') ||
	    (t.len > 1 && t.base[1] != '.'))
		return RANGE_BAD;
	value = (t.base[0] - '0') * ACCEPT_QUALITY_ONE;
	for (size_t i = 2; i < t.len; i++, unit /= 10) {
		if (t.base[i] < '0' || t.base[i] > '9')
			return RANGE_BAD;
		value += (t.base[i] - '0') * unit;
	}
	return value <= ACCEPT_QUALITY_ONE ? value : RANGE_BAD;
}

/* The quality among the parameters of a range. */
static int
quality_of(struct text parameters)
{
	struct text	value, name;

	while (parameters.len > 0) {
		value = take_accept_part(&parameters, ';');
		name = take_accept_part(&value, '=');
		if (is_type(name, "q"))
			return read_quality(value);
	}
	return ACCEPT_QUALITY_ONE;
}

static void
raise_to(int *best, int quality)
{
	if (quality > *best)
		*best = quality;
}

void
accept_read(struct accept *ret, struct text value)
{
	struct text	range, type;
	int		quality;

	while (value.len > 0) {
		range = take_accept_part(&value, ',');
		type = take_accept_part(&range, ';');
		quality = quality_of(range);
		if (is_type(type, PROBLEM_TYPE))
			raise_to(&ret->problem, quality);
		else if (is_type(type, "application/json"))
			raise_to(&ret->json, quality);
		else if (is_type(type, "application/*"))
			raise_to(&ret->application, quality);
		else if (is_type(type, "*/*"))
			raise_to(&ret->any, quality);
	}
}

/* --- codings --------------------------------------------------------------- */

/* The highest quality of each; -1: it is not named. */
struct codings {
	int	gzip;
	int	identity;
	int	any;
};

static void
read_codings(struct codings *ret, struct text value)
{
	struct text	member, name;
	int		quality;

	while (value.len > 0) {
		member = take_accept_part(&value, ',');
		name = take_accept_part(&member, ';');
		quality = quality_of(member);
		if (is_type(name, "gzip") || is_type(name, "x-gzip"))
			raise_to(&ret->gzip, quality);
		else if (is_type(name, "identity"))
			raise_to(&ret->identity, quality);
		else if (is_type(name, "*"))
			raise_to(&ret->any, quality);
	}
}

/*
 * The asterisk stands for all codings that the field does not name. `identity`
 * need not be named: only quality 0 refuses it, and only a higher quality than
 * gzip's prefers it.
 */
static enum accept_coding
choose_coding(const struct codings *c)
{
	int	gzip = c->gzip != -1 ? c->gzip : c->any;
	int	identity = c->identity != -1 ? c->identity : c->any;

	if (gzip <= 0 || gzip < c->identity)
		return ACCEPT_IDENTITY;
	return identity == 0 ? ACCEPT_ONLY_GZIP : ACCEPT_GZIP;
}

/* Many clients send "identity", which need not be read. */
static bool
may_name_gzip(h2o_iovec_t value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((value.base[i] | 0x20) == 'z' || value.base[i] == '*')
			return true;
	return false;
}

enum accept_coding
accept_coding(const h2o_req_t *req)
{
	struct codings	c = { -1, -1, -1 };
	ssize_t		at = -1;
	bool		may = false;
	h2o_iovec_t	value;

	while ((at = h2o_find_header(&req->headers, H2O_TOKEN_ACCEPT_ENCODING,
	    at)) != -1)
		may = may || may_name_gzip(req->headers.entries[at].value);
	while (may && (at = h2o_find_header(&req->headers,
	    H2O_TOKEN_ACCEPT_ENCODING, at)) != -1) {
		value = req->headers.entries[at].value;
		read_codings(&c, (struct text){ value.base, value.len });
	}
	return choose_coding(&c);
}
