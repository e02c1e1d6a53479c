/* Members of a JSON body, each checked by its key. */
#include "gateway/stage/decode/members.h"

#include <jansson.h>
#include <math.h>

#include "base/line.h"
#include "gateway/reply/fault.h"
#include "gateway/reply/respond.h"
#include "gateway/stage/decode/digest.h"
#include "gateway/stage/decode/json_body.h"

#define KEPT_MOST	65536	/* bytes of a text out of its bounds */

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

static void
check_unknown_members(struct exchange *x, json_t *body, keyset keys)
{
	const char	*name;
	json_t		*value;

	if (route_is_flickets(x->route))
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

/*
 * The first field that may have the empty array that stands for a number of more
 * than 64 bits.
 */
static enum key
find_number_beyond(const json_t *body, keyset keys)
{
	const json_t	*value;

	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		value = json_object_get(body, key_info(k)->name);
		if (json_is_array(value) && json_array_size(value) == 0)
			return k;
	}
	return KEY_END;
}

static enum flow
refuse_number(struct exchange *x, enum key key, const json_error_t *error)
{
	const char	*name = key_info(key)->name;

	return fault_refuse(x, FAULT_OUT_OF_RANGE, text_of(name), "%s has more "
	    "than 64 bits: line %d, column %d.", name, error->line,
	    error->column);
}

enum flow
members_decode(struct exchange *x)
{
	keyset		 keys = x->route->given;
	struct text	 entity = { x->req->entity.base, x->req->entity.len };
	json_error_t	 error = { .line = 0 };
	json_t		*body;
	bool		 is_beyond;
	enum key	 beyond;
	enum flow	 flow;

	if (!json_body_is_typed(x->req) && entity.len > 0)
		return respond_error(x, ERR_BAD_MEDIA_TYPE, NULL);
	body = json_body_read(entity, JSON_ALLOW_NUL | JSON_DECODE_ANY |
	    (route_is_flickets(x->route) ? 0 : JSON_REJECT_DUPLICATES), &error,
	    &is_beyond);
	if (body == NULL)
		return json_body_refuse(x, &error);
	beyond = is_beyond ? find_number_beyond(body, keys) : KEY_END;
	if (beyond != KEY_END)
		flow = refuse_number(x, beyond, &error);
	else
		flow = take_json_body(x, body, keys);
	/* what is read in the place of such numbers is not what they mean */
	if (flow == FLOW_NEXT && !is_beyond)
		digest_put_meaning(x, body);
	json_decref(body);
	return flow;
}
