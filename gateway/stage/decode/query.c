/* Parameters of a query, split, decoded and checked. */
#include "gateway/stage/decode/query.h"

#include <ctype.h>

#include "gateway/http/url.h"
#include "gateway/reply/fault.h"
#include "gateway/stage/decode/views.h"

bool
query_integer(struct text t, int64_t *ret)
{
	const char	*p = t.base, *end = t.base + t.len;
	bool		 negative = false, digit = false, beyond = false;
	int64_t		 n = 0;

	while (p < end && isspace((unsigned char)*p))
		p++;
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	if (p < end && (*p == '-' || *p == '+'))
		negative = *p++ == '-';
	for (; p < end; p++) {
		if (*p == '_' && digit && p + 1 < end) {
			digit = false;
			continue;
		}
		if (!isdigit((unsigned char)*p))
			return false;
		digit = true;
		beyond = beyond || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, *p - '0', &n);
	}
	if (beyond)
		*ret = negative ? INT64_MIN : INT64_MAX;
	else
		*ret = negative ? -n : n;
	return digit;
}

/* How many digits a text begins with. */
static size_t
digits(const char *p, const char *end)
{
	const char	*from = p;

	while (p < end && isdigit((unsigned char)*p))
		p++;
	return (size_t)(p - from);
}

/* The end of a number that may have a fraction, an exponent, or 0x before it. */
static const char *
number_end(const char *p, const char *end)
{
	size_t	sign;

	if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		for (p += 2; p < end && isxdigit((unsigned char)*p); p++)
			continue;
		return p;
	}
	p += digits(p, end);
	if (p < end && *p == '.')
		p += 1 + digits(p + 1, end);
	if (p < end && (*p == 'e' || *p == 'E')) {
		sign = p + 1 < end && (p[1] == '-' || p[1] == '+');
		if (digits(p + 1 + sign, end) > 0)
			p += 1 + sign + digits(p + 1 + sign, end);
	}
	return p;
}

/*
 * Whether a text begins with a number and goes on with other text: "2,per_page=5",
 * "3;4", "7th". Flicket ignores it where it expects an integer, as it does other
 * numbers ("1e3", "2.5") and digits with blanks or underscores between them.
 */
static bool
has_more_than_number(struct text t)
{
	const char	*p = t.base, *end = t.base + t.len;

	while (p < end && isspace((unsigned char)*p))
		p++;
	p += p < end && (*p == '-' || *p == '+');
	if (digits(p, end) == 0)
		return false;
	for (p = number_end(p, end); p < end; p++)
		if (!isdigit((unsigned char)*p) && *p != '_' &&
		    (unsigned char)*p > ' ')
			return true;
	return false;
}

/* The key that a name stands for in this list's query. */
static enum key
query_key(const struct exchange *x, struct text name)
{
	keyset	among = x->route->given;

	/* a page in the path counts, one in the query is ignored */
	if (keyset_has(x->route->in_path, KEY_PAGE))
		keyset_add(&among, KEY_PAGE);
	return key_find_text(name, among);
}

/* Links to other pages have the filters. */
static void
note_filter(struct exchange *x, enum key key, struct text value)
{
	if (x->filter_count < FILTERS_MOST)
		x->filters[x->filter_count++] = (struct filter){ key, value };
}

/* An id that is not a number matches nothing, as in Flicket. */
static void
take_filter(struct exchange *x, enum key key, struct text value)
{
	int64_t	n;

	/* an empty filter does not count; of two the first does */
	if (value.len == 0 || args_has(&x->args, key) ||
	    x->filter_count == FILTERS_MOST)
		return;
	note_filter(x, key, value);
	if (key_info(key)->type == KEY_INT)
		args_put_number(&x->args, key,
		    query_integer(value, &n) ? n : INT64_MIN);
	else
		args_put_text(&x->args, key, value);
}

static void
take_page(struct exchange *x, enum key key, struct text value)
{
	int64_t	n;

	if (!args_has(&x->args, key) && query_integer(value, &n))
		args_put_number(&x->args, key, n);
}

/* A list would answer a typing error with all of its items. */
static void
note_unknown(struct exchange *x, struct text name)
{
	int	len = name.len > 60 ? 60 : (int)name.len;

	if (route_is_list(x->route) || x->route->input == INPUT_STRICT)
		fault_note(x, FAULT_UNKNOWN_PARAMETER, name, "There is no "
		    "parameter \"%.*s\" here.", len, name.base);
}

/* No text has U+0000, and what compares texts would stop there. */
static bool
check_filter(struct exchange *x, enum key key, struct text value)
{
	if (key_info(key)->type != KEY_TEXT || value.len == 0 ||
	    memchr(value.base, '\0', value.len) == NULL)
		return true;
	fault_note(x, FAULT_BAD_CHARACTER, text_of(key_info(key)->name), "%s "
	    "has a character that no text has (U+0000).", key_info(key)->name);
	return false;
}

/* What tickets/ and its exports refuse; Flicket's other lists ignore it. */
static bool
check_parameter(struct exchange *x, enum key key, struct text name,
    struct text value)
{
	int	len = name.len > 60 ? 60 : (int)name.len;

	/* a page that is not a number counts as missing, as in every list */
	if (key == KEY_PAGE || key == KEY_PER_PAGE)
		return true;
	if (args_has(&x->args, key))
		fault_note(x, FAULT_REPEATED, name, "%.*s is given twice; "
		    "several values have commas between them.", len, name.base);
	else if (value.len == 0 && key != KEY_CURSOR && key != KEY_SINCE)
		fault_note(x, FAULT_EMPTY, name, "%.*s is empty.", len,
		    name.base);
	else if (!check_filter(x, key, value))
		return false;
	else if (text_characters(value) == -1)
		fault_note(x, FAULT_BAD_CHARACTER, name, "%.*s is not UTF-8.",
		    len, name.base);
	else
		return true;
	return false;
}

/* Flicket ignores a page that is no integer, which answers a typing error. */
static bool
check_number(struct exchange *x, enum key key, struct text value)
{
	const struct key_info	*info = key_info(key);
	int			 len = value.len > 60 ? 60 : (int)value.len;
	int64_t			 n;

	if (info->type != KEY_INT || info->form != FORM_PLAIN ||
	    query_integer(value, &n) || !has_more_than_number(value))
		return true;
	fault_note(x, FAULT_WRONG_TYPE, text_of(info->name), "%s must be an "
	    "integer; \"%.*s\" is more than that.", info->name, len,
	    value.base);
	return false;
}

/* As OpenAPI writes it, and as people do. */
static void
take_flag(struct exchange *x, enum key key, struct text value)
{
	const char	*name = key_info(key)->name;

	/* as with take_filter() */
	if (value.len == 0 || args_has(&x->args, key))
		return;
	note_filter(x, key, value);
	if (text_same(value, TEXT_OF("1")) || text_same(value, TEXT_OF("true")))
		args_put_number(&x->args, key, 1);
	else if (text_same(value, TEXT_OF("0")) ||
	    text_same(value, TEXT_OF("false")))
		args_put_number(&x->args, key, 0);
	else
		fault_note(x, FAULT_WRONG_TYPE, text_of(name), "%s must be 1 "
		    "or 0.", name);
}

static void
take_query_parameter(struct exchange *x, bool strict, struct text name,
    struct text value)
{
	enum key	key = query_key(x, name);

	if (key == KEY_END) {
		note_unknown(x, name);
		return;
	}
	if (key_info(key)->form == FORM_QUERIES) {
		views_take(x, key, value);
		return;
	}
	if (!check_number(x, key, value) || !(strict ?
	    check_parameter(x, key, name, value) :
	    check_filter(x, key, value)))
		return;
	if (key == KEY_PAGE || key == KEY_PER_PAGE)
		take_page(x, key, value);
	else if (key == KEY_CURSOR)
		args_put_text(&x->args, key, value);
	else if (key_info(key)->form == FORM_BOOL)
		take_flag(x, key, value);
	else
		take_filter(x, key, value);
}

enum flow
query_decode(struct exchange *x)
{
	h2o_req_t	*req = x->req;
	struct text	 left = { req->path.base + req->query_at + 1,
			    req->path.len - req->query_at - 1 }, name, value;
	bool		 strict = x->route->input == INPUT_STRICT;

	while (url_next_parameter(&req->pool, &left, &name, &value))
		if (name.len > 0 || value.len > 0)
			take_query_parameter(x, strict, name, value);
	return fault_answer(x);
}
