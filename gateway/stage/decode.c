/* Query parameters, JSON members and header fields, each checked by its key. */
#include "gateway/stage/decode.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <sodium.h>

#include "base/line.h"
#include "gateway/http/header.h"
#include "gateway/http/url.h"
#include "gateway/reply/etag.h"
#include "gateway/reply/fault.h"
#include "gateway/reply/picture.h"
#include "gateway/reply/respond.h"
#include "gateway/stage/include.h"
#include "gateway/stage/json_body.h"
#include "gateway/stage/upload.h"
#include "gateway/stage/views.h"

#define NONE_MATCH_MOST		1024	/* bytes; more is for the gateway alone */
#define EXPORT_ROWS		200	/* in one piece of an export */
#define KEPT_MOST		65536	/* bytes of a text out of its bounds */

/* --- query --------------------------------------------------------------------- */

bool
decode_integer(struct text t, int64_t *ret)
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
	char	copy[64];

	if (name.len >= sizeof(copy) || memchr(name.base, '\0', name.len) !=
	    NULL)
		return KEY_END;
	memcpy(copy, name.base, name.len);
	copy[name.len] = '\0';
	/* a page in the path counts, one in the query is ignored */
	if (keyset_has(x->route->in_path, KEY_PAGE))
		keyset_add(&among, KEY_PAGE);
	return key_find(copy, among);
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
		    decode_integer(value, &n) ? n : INT64_MIN);
	else
		args_put_text(&x->args, key, value);
}

static void
take_page(struct exchange *x, enum key key, struct text value)
{
	int64_t	n;

	if (!args_has(&x->args, key) && decode_integer(value, &n))
		args_put_number(&x->args, key, n);
}

/* A list would answer a typing error with all of its items. */
static void
note_unknown(struct exchange *x, struct text name)
{
	int	len = name.len > 60 ? 60 : (int)name.len;

	if (x->route->page[0] != '\0' || x->route->input == INPUT_STRICT)
		fault_note(x, FAULT_UNKNOWN_PARAMETER, name, "There is no "
		    "parameter \"%.*s\" here.", len, name.base);
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
	    decode_integer(value, &n) || !has_more_than_number(value))
		return true;
	fault_note(x, FAULT_WRONG_TYPE, text_of(info->name), "%s must be an "
	    "integer; \"%.*s\" is more than that.", info->name, len,
	    value.base);
	return false;
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
	if (key == KEY_VIEWS) {
		views_take(x, value);
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

static enum flow
decode_query(struct exchange *x)
{
	h2o_req_t	*req = x->req;
	struct text	 left = { "", 0 }, name, value;
	bool		 strict = x->route->input == INPUT_STRICT;

	if (req->query_at != SIZE_MAX) {
		left.base = req->path.base + req->query_at + 1;
		left.len = req->path.len - req->query_at - 1;
	}
	while (url_next_parameter(&req->pool, &left, &name, &value))
		if (name.len > 0 || value.len > 0)
			take_query_parameter(x, strict, name, value);
	return fault_answer(x);
}

static enum flow
decode_page(struct exchange *x)
{
	if (!args_has(&x->args, KEY_PAGE))
		args_put_number(&x->args, KEY_PAGE, 1);
	if (!args_has(&x->args, KEY_PER_PAGE))
		args_put_number(&x->args, KEY_PER_PAGE, PER_PAGE_DEFAULT);
	if (args_number(&x->args, KEY_PER_PAGE, 0) > PER_PAGE_MOST)
		args_put_number(&x->args, KEY_PER_PAGE, PER_PAGE_MOST);
	/* links_put_list_head() divides by it */
	if (args_number(&x->args, KEY_PAGE, 0) < 1 ||
	    args_number(&x->args, KEY_PER_PAGE, 0) < 1)
		return respond_error(x, ERR_NOT_FOUND, NULL);
	return FLOW_NEXT;
}

/* Whether the answer has variants, which the owner's tag does not tell apart. */
static bool
has_variants(const struct exchange *x)
{
	struct text	fields = args_text(&x->args, KEY_FIELDS);

	return x->route->page[0] == '\0' && fields.len > 0 &&
	    memmem(fields.base, fields.len, "unread", 6) != NULL;
}

/*
 * A service can tell that the client has its answer, but not whether it has the
 * included things, or which variant.
 */
static void
decode_none_match(struct exchange *x)
{
	struct text	tags;

	if (!header_list(x->req, H2O_TOKEN_IF_NONE_MATCH, &tags) ||
	    x->included != NULL || has_variants(x) ||
	    !keyset_has(x->route->takes, KEY_IF_NONE_MATCH))
		return;
	if (tags.len <= NONE_MATCH_MOST)
		args_put_text(&x->args, KEY_IF_NONE_MATCH,
		    etag_for_service(x, tags));
}

static enum flow
decode_read(struct exchange *x)
{
	enum flow	flow = decode_query(x);

	if (x->route->reply == REPLY_CSV || x->route->reply == REPLY_NDJSON) {
		args_put_number(&x->args, KEY_FORMAT,
		    x->route->reply == REPLY_CSV ? 1 : 2);
		args_put_number(&x->args, KEY_LIMIT, EXPORT_ROWS);
		if (!args_has(&x->args, KEY_CURSOR))
			args_put_text(&x->args, KEY_CURSOR, TEXT_OF(""));
	}
	if (flow == FLOW_NEXT && x->route->page[0] != '\0')
		flow = decode_page(x);
	if (flow == FLOW_NEXT && args_has(&x->args, KEY_INCLUDE))
		flow = include_decode(x);
	if (flow == FLOW_NEXT)
		decode_none_match(x);
	return flow;
}

/* --- body ----------------------------------------------------------------------- */

/* A text that is out of its bounds, or has what no text has. */
static void
note_text(struct exchange *x, enum key key, struct text t)
{
	const char	*name = key_info(key)->name;
	char		 message[ARGS_MISFIT_SIZE];
	enum fault_code	 code = args_say_misfit(key, name, t, message,
			    sizeof(message));

	fault_note(x, code, text_of(name), "%s", message);
}

/*
 * Take a text, without the blanks at its ends if it is one line. One that does
 * not fit is taken as it is, for its owner to compare.
 */
static void
put_text(struct exchange *x, enum key key, struct text t)
{
	bool	stores = op_stores(op_info(x->route->op), key);

	args_put_text(&x->args, key, stores &&
	    key_info(key)->form == FORM_LINE ? line_trim(t) : t);
	if (stores ? args_in_bounds(key, args_value(&x->args, key)) :
	    text_characters(t) != -1)
		return;
	note_text(x, key, args_text(&x->args, key));
	args_put_text(&x->args, key, t);
}

/* An empty array is as good as none. */
static void
take_ids(struct exchange *x, enum key key, const json_t *value)
{
	const struct key_info	*info = key_info(key);
	struct text		 name = text_of(info->name);
	size_t			 count = json_array_size(value);
	struct buf		 ids = { 0 };
	h2o_iovec_t		 copy;

	for (size_t i = 0; i < count; i++)
		if (!json_is_integer(json_array_get(value, i))) {
			value = NULL;
			break;
		}
	if (!json_is_array(value)) {
		fault_note(x, FAULT_WRONG_TYPE, name, "%s must be an array of "
		    "integers.", info->name);
		return;
	}
	if (count > (size_t)info->most) {
		fault_note(x, FAULT_TOO_MANY, name, "%s may have %lld ids at "
		    "most, this one has %zu.", info->name,
		    (long long)info->most, count);
		return;
	}
	for (size_t i = 0; i < count; i++)
		buf_printf(&ids, "%c%lld", i == 0 ? '[' : ',', (long long)
		    json_integer_value(json_array_get(value, i)));
	if (count > 0) {
		buf_put_byte(&ids, ']');
		copy = h2o_strdup(&x->req->pool, ids.base, ids.len);
		args_put_text(&x->args, key, (struct text){ copy.base,
		    copy.len });
	}
	buf_done(&ids);
}

static void
take_text(struct exchange *x, enum key key, const json_t *value)
{
	const struct key_info	*info = key_info(key);
	h2o_iovec_t		 copy;

	/* null takes a text away (RFC 7396), where there may be none */
	if (json_is_null(value) && info->least == 0) {
		args_put_text(&x->args, key, TEXT_OF(""));
		return;
	}
	if (!json_is_string(value)) {
		fault_note(x, FAULT_WRONG_TYPE, text_of(info->name), "%s must "
		    "be a text of %lld to %lld characters.", info->name,
		    (long long)info->least, (long long)info->most);
		return;
	}
	/* the document goes away before the request does */
	copy = h2o_strdup(&x->req->pool, json_string_value(value),
	    json_string_length(value));
	put_text(x, key, (struct text){ copy.base, copy.len });
}

static void
take_bool(struct exchange *x, enum key key, const json_t *value)
{
	const char	*name = key_info(key)->name;

	if (json_is_boolean(value))
		args_put_number(&x->args, key, json_is_true(value));
	else
		fault_note(x, FAULT_WRONG_TYPE, text_of(name), "%s must be true "
		    "or false.", name);
}

/*
 * A double holds hundredths up to the bound without loss; what has a third
 * decimal is further from a whole number of them than rounding can bring it.
 */
static void
take_hours(struct exchange *x, enum key key, const json_t *value)
{
	const struct key_info	*info = key_info(key);
	double			 hundredths = json_number_value(value) * 100;
	double			 whole = floor(hundredths + 0.5);

	if (json_is_number(value) && fabs(hundredths - whole) <= 1e-4 &&
	    whole >= (double)info->least && whole <= (double)info->most)
		args_put_number(&x->args, key, (int64_t)whole);
	else
		fault_note(x, json_is_number(value) ? FAULT_OUT_OF_RANGE :
		    FAULT_WRONG_TYPE, text_of(info->name), "%s must be a number "
		    "from 0 to 99999999.99 with at most two decimals.",
		    info->name);
}

static void
take_integer(struct exchange *x, enum key key, const json_t *value)
{
	const struct key_info	*info = key_info(key);
	struct text		 name = text_of(info->name);

	if (!json_is_integer(value)) {
		if (x->route->not_integer[0] != '\0')
			fault_note(x, FAULT_WRONG_TYPE, name, "%s",
			    x->route->not_integer);
		else
			fault_note(x, FAULT_WRONG_TYPE, name, "%s must be an "
			    "integer.", info->name);
		return;
	}
	args_put_number(&x->args, key, json_integer_value(value));
	if (!args_in_bounds(key, args_value(&x->args, key)))
		fault_note(x, FAULT_OUT_OF_RANGE, name, "%s must be from %lld "
		    "to %lld.", info->name, (long long)info->least,
		    (long long)info->most);
}

static void
take_json_number(struct exchange *x, enum key key, const json_t *value)
{
	switch (key_info(key)->form) {
	case FORM_BOOL:
		take_bool(x, key, value);
		break;
	case FORM_HOURS:
		take_hours(x, key, value);
		break;
	default:
		take_integer(x, key, value);
	}
}

static void
check_missing_members(struct exchange *x, const json_t *body, keyset needs)
{
	const char	*name;

	for (enum key k = keyset_next(needs, 0); k != KEY_END;
	    k = keyset_next(needs, k + 1)) {
		name = key_info(k)->name;
		if (json_object_get(body, name) != NULL)
			continue;
		if (x->route->missing[0] != '\0')
			fault_note(x, FAULT_REQUIRED, text_of(name), "%s",
			    x->route->missing);
		else
			fault_note(x, FAULT_REQUIRED, text_of(name),
			    "%s is missing.", name);
	}
}

/* Fields of one type; numbers come first, as Flicket looks at them first. */
static void
take_members(struct exchange *x, const json_t *body, keyset keys, bool ints)
{
	const json_t	*value;

	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		if ((key_info(k)->type == KEY_INT) != ints)
			continue;
		value = json_object_get(body, key_info(k)->name);
		/* a field that a new thing may lack may be null as well */
		if (value == NULL || (json_is_null(value) &&
		    x->route->method == METHOD_POST &&
		    !keyset_has(x->route->needs, k)))
			continue;
		if (ints)
			take_json_number(x, k, value);
		else if (key_info(k)->form == FORM_IDS)
			take_ids(x, k, value);
		else
			take_text(x, k, value);
	}
}

/*
 * Flicket's own operations ignore fields that are not known; all others refuse
 * them.
 */
static bool
is_lenient(const struct exchange *x)
{
	return x->route->missing[0] != '\0';
}

static void
check_unknown_members(struct exchange *x, json_t *body, keyset keys)
{
	const char	*name;
	json_t		*value;

	if (is_lenient(x))
		return;
	if (!json_is_object(body)) {
		fault_note(x, FAULT_WRONG_TYPE, TEXT_OF(""), "The body must be "
		    "a JSON object.");
		return;
	}
	json_object_foreach(body, name, value)
		if (key_find(name, keys) == KEY_END)
			fault_note(x, FAULT_UNKNOWN_FIELD, text_of(name),
			    "There is no field \"%.60s\" here.", name);
}

/*
 * Whether all that is wrong is one text that does not fit in a change of a thing
 * that is there. Its owner decides: an import may have brought that text, and
 * then it may be stored again.
 */
static bool
is_owners_to_decide(const struct exchange *x, keyset keys)
{
	struct text	t;

	if (x->route->method != METHOD_PATCH || fault_count(x) != 1)
		return false;
	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		if (key_info(k)->type != KEY_TEXT || !args_has(&x->args, k) ||
		    args_in_bounds(k, args_value(&x->args, k)))
			continue;
		t = args_text(&x->args, k);
		return t.len <= KEPT_MOST && text_characters(t) != -1;
	}
	return false;
}

/* A body that is not an object lacks all fields, as in Flicket. */
static enum flow
take_json_body(struct exchange *x, json_t *body, keyset keys)
{
	check_missing_members(x, body, keyset_intersection(x->route->needs,
	    keys));
	check_unknown_members(x, body, keys);
	take_members(x, body, keys, true);
	take_members(x, body, keys, false);
	if (is_owners_to_decide(x, keys))
		fault_forget(x);
	return fault_answer(x);
}

/* Whether a field has what stands for a number of more than 64 bits. */
static bool
takes_array(const json_t *body, keyset keys)
{
	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1))
		if (key_info(k)->form != FORM_IDS &&
		    json_is_array(json_object_get(body, key_info(k)->name)))
			return true;
	return false;
}

static enum flow
refuse_number(struct exchange *x, const json_error_t *error)
{
	return fault_refuse(x, FAULT_OUT_OF_RANGE, TEXT_OF(""), "A number has "
	    "more than 64 bits: line %d, column %d.", error->line,
	    error->column);
}

static void
begin_digest(const h2o_req_t *req, crypto_generichash_state *ret)
{
	crypto_generichash_init(ret, NULL, 0, crypto_generichash_BYTES);
	crypto_generichash_update(ret, (const unsigned char *)
	    req->method.base, req->method.len);
	crypto_generichash_update(ret, (const unsigned char *)
	    req->input.path.base, req->input.path.len);
	crypto_generichash_update(ret, (const unsigned char *)"\0", 1);
}

static int
update_digest(const char *bytes, size_t len, void *state)
{
	return crypto_generichash_update(state, (const unsigned char *)bytes,
	    len);
}

/*
 * A client may write the same JSON in another way when it sends a request again:
 * members in another order, other blanks, other escapes.
 */
static void
put_meaning(struct exchange *x, const json_t *body)
{
	crypto_generichash_state	 state;
	unsigned char			*digest;

	if (header_value(x->req, "idempotency-key").len == 0)
		return;
	digest = h2o_mem_alloc_pool(&x->req->pool, crypto_generichash_BYTES);
	begin_digest(x->req, &state);
	if (json_dump_callback(body, update_digest, &state, JSON_COMPACT |
	    JSON_SORT_KEYS | JSON_ENCODE_ANY) != 0)
		return;
	crypto_generichash_final(&state, digest, crypto_generichash_BYTES);
	args_put_text(&x->args, KEY_MEANING, (struct text){
	    (const char *)digest, crypto_generichash_BYTES });
}

static enum flow
decode_body(struct exchange *x, keyset keys)
{
	struct text	 entity = { x->req->entity.base, x->req->entity.len };
	json_error_t	 error = { .line = 0 };
	json_t		*body;
	bool		 is_beyond;
	enum flow	 flow;

	if (!json_body_is_typed(x->req) && entity.len > 0)
		return respond_error(x, ERR_BAD_MEDIA_TYPE, NULL);
	body = json_body_read(entity, JSON_ALLOW_NUL | JSON_DECODE_ANY |
	    (is_lenient(x) ? 0 : JSON_REJECT_DUPLICATES), &error, &is_beyond);
	if (body == NULL)
		return json_body_refuse(x, &error);
	if (is_beyond && takes_array(body, keys))
		flow = refuse_number(x, &error);
	else
		flow = take_json_body(x, body, keys);
	/* what is read in the place of such numbers is not what they mean */
	if (flow == FLOW_NEXT && !is_beyond)
		put_meaning(x, body);
	json_decref(body);
	return flow;
}

/* --- headers -------------------------------------------------------------------- */

/* Two requests are the same if method, path and body are. */
static void
put_request_digest(struct exchange *x)
{
	crypto_generichash_state	 state;
	const h2o_req_t			*req = x->req;
	unsigned char			*digest = h2o_mem_alloc_pool(
					    &x->req->pool,
					    crypto_generichash_BYTES);

	begin_digest(req, &state);
	crypto_generichash_update(&state, (const unsigned char *)
	    req->entity.base, req->entity.len);
	crypto_generichash_final(&state, digest, crypto_generichash_BYTES);
	args_put_text(&x->args, KEY_DIGEST, (struct text){
	    (const char *)digest, crypto_generichash_BYTES });
}

static enum flow
decode_headers(struct exchange *x)
{
	struct text	tags, key;

	if (header_list(x->req, H2O_TOKEN_IF_MATCH, &tags) &&
	    keyset_has(x->route->takes, KEY_IF_MATCH))
		args_put_text(&x->args, KEY_IF_MATCH, tags);
	if (header_list(x->req, H2O_TOKEN_IF_NONE_MATCH, &tags) &&
	    keyset_has(x->route->takes, KEY_IF_NONE_MATCH))
		args_put_text(&x->args, KEY_IF_NONE_MATCH, tags);
	if (!header_find(x->req, "idempotency-key", &key) ||
	    !keyset_has(x->route->takes, KEY_IDEMPOTENCY_KEY))
		return FLOW_NEXT;
	args_put_text(&x->args, KEY_IDEMPOTENCY_KEY, key);
	if (!args_in_bounds(KEY_IDEMPOTENCY_KEY,
	    args_value(&x->args, KEY_IDEMPOTENCY_KEY)))
		return fault_refuse(x, FAULT_INVALID, TEXT_OF("Idempotency-Key"),
		    "Idempotency-Key must be 1 to 255 characters long.");
	if (!args_has(&x->args, KEY_DIGEST))
		put_request_digest(x);
	return FLOW_NEXT;
}

/* A login may send any body, as in Flicket; only JSON is read. */
static bool
has_json_body(const struct exchange *x)
{
	ssize_t	at = h2o_find_header(&x->req->headers,
		    H2O_TOKEN_CONTENT_TYPE, -1);

	return op_info(x->route->op)->who != WHO_PASSWORD ||
	    (at != -1 && x->req->entity.len > 0 && json_body_is_typed(x->req));
}

static bool
reads_body(const struct exchange *x)
{
	if (x->route->input == INPUT_LOGIN)
		return false;	/* login.c has read it */
	return x->route->input == INPUT_FORM ||
	    x->route->input == INPUT_IMAGE || (has_json_body(x) &&
	    x->route->method != METHOD_DELETE &&
	    (!keyset_is_empty(x->route->given) || x->req->entity.len > 0));
}

static enum flow
decode_input(struct exchange *x)
{
	switch (x->route->input) {
	case INPUT_FORM:
		return upload_decode(x);
	case INPUT_IMAGE:
		return picture_decode(x);
	default:
		return decode_body(x, x->route->given);
	}
}

static enum flow
decode_write(struct exchange *x)
{
	enum flow	flow = FLOW_NEXT;

	if (reads_body(x)) {
		if (x->req->entity.len > 0)
			flow = json_body_check_coding(x);
		if (flow == FLOW_NEXT)
			flow = decode_input(x);
	}
	return flow == FLOW_NEXT ? decode_headers(x) : flow;
}

enum flow
decode_begin(struct exchange *x)
{
	/* "me" */
	if (keyset_has(x->route->needs, KEY_ID) && !args_has(&x->args, KEY_ID))
		args_put_number(&x->args, KEY_ID, x->user_id);
	if (x->route->method == METHOD_GET)
		return decode_read(x);
	return decode_write(x);
}
