/*
 * Query and body to arguments. What an operation takes is in its row of
 * ops.tbl; a list takes it from the query, all else from the body. Nothing
 * that does not fit its key's type gets past this room, and nothing out of
 * bounds that would be stored.
 */
#include <ctype.h>
#include <jansson.h>

#include "exchange.h"
#include "page.h"

#define PER_PAGE_DEFAULT	50
#define PER_PAGE_MOST		100

/* Keys that a client can never give. */
#define NOT_FROM_CLIENTS	(K(ACTOR) | K(NOW) | K(LIMIT) | K(OFFSET) | \
				 K(TOKEN_HASH) | K(ADDRESS) | K(EXPIRES) | \
				 K(PAGE) | K(PER_PAGE))

/* --- query --------------------------------------------------------------------- */

/*
 * A whole number as Python's int() reads one: space around it, a sign, single
 * underscores between digits. Beyond 64 bits it is the largest or least there
 * is. False if it is none.
 */
static bool
read_integer(struct text t, int64_t *ret)
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

/* A query parameter, split and decoded; false at the end of the query. */
static bool
next_parameter(struct exchange *x, struct text *left, struct text *ret_name,
    struct text *ret_value)
{
	const char	*amp, *equals;
	struct text	 part = *left;

	if (left->len == 0)
		return false;
	amp = memchr(left->base, '&', left->len);
	if (amp != NULL)
		part.len = (size_t)(amp - left->base);
	left->base += part.len + (amp != NULL);
	left->len -= part.len + (amp != NULL);
	equals = memchr(part.base, '=', part.len);
	*ret_name = *ret_value = part;
	if (equals != NULL) {
		ret_name->len = (size_t)(equals - part.base);
		ret_value->base = equals + 1;
		ret_value->len = part.len - ret_name->len - 1;
	} else
		ret_value->len = 0;
	*ret_name = url_decode(&x->req->pool, *ret_name, true);
	*ret_value = url_decode(&x->req->pool, *ret_value, true);
	return true;
}

/* The key that a name stands for in this list's query. */
static enum key
query_key(const struct exchange *x, struct text name)
{
	const struct op_info	*info = op_info(x->route->op);
	uint64_t		 among = (info->needs | info->may) &
				    ~(NOT_FROM_CLIENTS | x->route->in_path);
	char			 copy[64];

	if (name.len >= sizeof(copy) || memchr(name.base, '\0', name.len) !=
	    NULL)
		return KEY_END;
	memcpy(copy, name.base, name.len);
	copy[name.len] = '\0';
	return key_find(copy, among | K(PAGE) | K(PER_PAGE));
}

/* An id that is no number is the id of nothing, as in Flicket. */
static void
take_filter(struct exchange *x, enum key key, struct text value)
{
	int64_t	n;

	/* an empty filter is none; of two the first counts */
	if (value.len == 0 || args_has(&x->args, key) ||
	    x->filter_count == FILTERS_MOST)
		return;
	x->filters[x->filter_count++] = (struct filter){ key, value };
	if (key_info(key)->type == KEY_INT)
		args_put_number(&x->args, key,
		    read_integer(value, &n) ? n : INT64_MIN);
	else
		args_put_text(&x->args, key, value);
}

static void
take_page(struct exchange *x, enum key key, struct text value)
{
	int64_t	n;

	if (!args_has(&x->args, key) && read_integer(value, &n))
		args_put_number(&x->args, key, n);
}

static void
decode_query(struct exchange *x)
{
	h2o_req_t	*req = x->req;
	struct text	 left = { "", 0 }, name, value;
	enum key	 key;

	if (req->query_at != SIZE_MAX) {
		left.base = req->path.base + req->query_at + 1;
		left.len = req->path.len - req->query_at - 1;
	}
	while (next_parameter(x, &left, &name, &value)) {
		key = query_key(x, name);
		if (key == KEY_PAGE || key == KEY_PER_PAGE)
			take_page(x, key, value);
		else if (key != KEY_END)
			take_filter(x, key, value);
	}
	if (!args_has(&x->args, KEY_PAGE))
		args_put_number(&x->args, KEY_PAGE, 1);
	if (!args_has(&x->args, KEY_PER_PAGE))
		args_put_number(&x->args, KEY_PER_PAGE, PER_PAGE_DEFAULT);
	if (x->args.value[KEY_PER_PAGE].number > PER_PAGE_MOST)
		x->args.value[KEY_PER_PAGE].number = PER_PAGE_MOST;
}

/* --- body ----------------------------------------------------------------------- */

static enum flow
refuse(struct exchange *x, const char *format, ...)
{
	char	*message = h2o_mem_alloc_pool(&x->req->pool, 512);
	va_list	 ap;

	va_start(ap, format);
	vsnprintf(message, 512, format, ap);
	va_end(ap);
	return answer_error(x, ERR_BAD_REQUEST, message);
}

/* "application/json", "application/problem+json; charset=utf-8", ... */
static bool
is_json_type(const h2o_req_t *req)
{
	ssize_t		 at = h2o_find_header(&req->headers,
			    H2O_TOKEN_CONTENT_TYPE, -1);
	h2o_iovec_t	 type;
	size_t		 len;
	const char	*end;

	if (at == -1)
		return true;
	type = req->headers.entries[at].value;
	end = memchr(type.base, ';', type.len);
	len = end == NULL ? type.len : (size_t)(end - type.base);
	while (len > 0 && type.base[len - 1] == ' ')
		len--;
	if (len == 0 || h2o_lcstris(type.base, len,
	    H2O_STRLIT("application/json")))
		return true;
	return len > 17 &&
	    h2o_lcstris(type.base, 12, H2O_STRLIT("application/")) &&
	    h2o_lcstris(type.base + len - 5, 5, H2O_STRLIT("+json"));
}

static enum flow
refuse_text(struct exchange *x, enum key key, struct text t)
{
	const struct key_info	*info = key_info(key);
	int64_t			 have = text_characters(t);

	if (have == -1)
		return refuse(x, "%s has a character that cannot be stored "
		    "(U+0000).", info->name);
	return refuse(x, "%s must be %lld to %lld characters long, this one "
	    "has %lld.", info->name, (long long)info->least,
	    (long long)info->most, (long long)have);
}

static enum flow
take_text(struct exchange *x, enum key key, const json_t *value)
{
	const struct key_info	*info = key_info(key);
	h2o_iovec_t		 copy;

	if (!json_is_string(value))
		return refuse(x, "%s must be a text of %lld to %lld "
		    "characters.", info->name, (long long)info->least,
		    (long long)info->most);
	/* the document goes away before the request does */
	copy = h2o_strdup(&x->req->pool, json_string_value(value),
	    json_string_length(value));
	args_put_text(&x->args, key, (struct text){ copy.base, copy.len });
	if (!args_in_bounds(key, &x->args.value[key]))
		return refuse_text(x, key, x->args.value[key].text);
	return FLOW_NEXT;
}

static enum flow
take_number(struct exchange *x, enum key key, const json_t *value)
{
	const struct key_info	*info = key_info(key);

	if (!json_is_integer(value)) {
		if (x->route->not_integer[0] != '\0')
			return answer_error(x, ERR_BAD_REQUEST,
			    x->route->not_integer);
		return refuse(x, "%s must be an integer.", info->name);
	}
	args_put_number(&x->args, key, json_integer_value(value));
	if (!args_in_bounds(key, &x->args.value[key]))
		return refuse(x, "%s must be from %lld to %lld.", info->name,
		    (long long)info->least, (long long)info->most);
	return FLOW_NEXT;
}

static enum flow
check_missing(struct exchange *x, const json_t *body, uint64_t needs)
{
	for (unsigned k = 0; k < KEY_END; k++) {
		if ((needs & KEY_BIT(k)) == 0 ||
		    json_object_get(body, key_info(k)->name) != NULL)
			continue;
		if (x->route->missing[0] != '\0')
			return answer_error(x, ERR_BAD_REQUEST,
			    x->route->missing);
		return refuse(x, "%s is missing.", key_info(k)->name);
	}
	return FLOW_NEXT;
}

/* Fields of one type; numbers come first, as Flicket looks at them first. */
static enum flow
take_fields(struct exchange *x, const json_t *body, uint64_t keys, bool ints)
{
	enum flow	 flow = FLOW_NEXT;
	const json_t	*value;

	for (unsigned k = 0; k < KEY_END && flow == FLOW_NEXT; k++) {
		if ((keys & KEY_BIT(k)) == 0 ||
		    (key_info(k)->type == KEY_INT) != ints)
			continue;
		value = json_object_get(body, key_info(k)->name);
		if (value != NULL)
			flow = ints ? take_number(x, (enum key)k, value) :
			    take_text(x, (enum key)k, value);
	}
	return flow;
}

/* What is no object has no fields: then they are missing, as in Flicket. */
static enum flow
take_body(struct exchange *x, const json_t *body, uint64_t keys)
{
	uint64_t	needs = op_info(x->route->op)->needs & keys;
	enum flow	flow = check_missing(x, body, needs);

	if (flow == FLOW_NEXT)
		flow = take_fields(x, body, keys, true);
	if (flow == FLOW_NEXT)
		flow = take_fields(x, body, keys, false);
	return flow;
}

static enum flow
decode_body(struct exchange *x, uint64_t keys)
{
	h2o_iovec_t	 entity = x->req->entity;
	json_error_t	 error = { .line = 0 };
	json_t		*body;
	enum flow	 flow;

	if (!is_json_type(x->req) && entity.len > 0)
		return answer_error(x, ERR_BAD_MEDIA_TYPE, NULL);
	if (entity.len == 0)
		body = json_object();
	else
		body = json_loadb(entity.base, entity.len,
		    JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
	if (body == NULL && json_error_code(&error) ==
	    json_error_numeric_overflow)
		return refuse(x, "A number has more than 64 bits: line %d, "
		    "column %d.", error.line, error.column);
	if (body == NULL)
		return refuse(x, "The body is not JSON: line %d, column %d: "
		    "%s.", error.line, error.column, error.text);
	flow = take_body(x, body, keys);
	json_decref(body);
	return flow;
}

enum flow
room_decode(struct exchange *x)
{
	const struct op_info	*info = op_info(x->route->op);
	uint64_t		 keys = (info->needs | info->may) &
				    ~(NOT_FROM_CLIENTS | x->route->in_path);

	if (x->route->page[0] != '\0') {
		decode_query(x);
		/* links_put_list_head() divides by it */
		if (x->args.value[KEY_PAGE].number < 1 ||
		    x->args.value[KEY_PER_PAGE].number < 1)
			return answer_error(x, ERR_NOT_FOUND, NULL);
		return FLOW_NEXT;
	}
	if (x->route->method == METHOD_GET || keys == 0)
		return FLOW_NEXT;
	return decode_body(x, keys);
}
