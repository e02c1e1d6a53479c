/* JSON with a name, a password, and whether to remember them. */
#include "gateway/stage/login.h"

#include <jansson.h>

#include "gateway/http/agent.h"
#include "gateway/http/cookie.h"
#include "gateway/reply/fault.h"
#include "gateway/reply/session.h"
#include "gateway/stage/decode/json_body.h"
#include "gateway/stage/identify.h"

static struct text
keep_text(struct exchange *x, const json_t *value)
{
	h2o_iovec_t	copy = h2o_strdup(&x->req->pool, json_string_value(value),
			    json_string_length(value));

	return (struct text){ copy.base, copy.len };
}

/* Refuse a member that is missing or not a text. */
static void
read_text(struct exchange *x, const json_t *root, const char *name,
    enum key key, struct args *ret)
{
	const json_t	*value = json_object_get(root, name);
	struct text	 field = { name, strlen(name) };

	if (value == NULL)
		fault_note(x, FAULT_REQUIRED, field, "%s is missing.", name);
	else if (!json_is_string(value))
		fault_note(x, FAULT_WRONG_TYPE, field, "%s must be a text.",
		    name);
	else if (json_string_length(value) > IDENTIFY_CREDENTIALS_MOST)
		fault_note(x, FAULT_TOO_LONG, field, "%s must have at most %d "
		    "bytes, this one has %zu.", name,
		    IDENTIFY_CREDENTIALS_MOST, json_string_length(value));
	else if (memchr(json_string_value(value), '\0',
	    json_string_length(value)) != NULL)
		fault_note(x, FAULT_BAD_CHARACTER, field, "%s has a character "
		    "that no text has (U+0000).", name);
	else
		args_put_text(ret, key, keep_text(x, value));
}

static void
read_remember(struct exchange *x, const json_t *root)
{
	const json_t	*value = json_object_get(root, "remember");

	if (value == NULL)
		return;
	if (!json_is_boolean(value))
		fault_note(x, FAULT_WRONG_TYPE, TEXT_OF("remember"),
		    "remember must be true or false.");
	else
		args_put_number(&x->args, KEY_REMEMBER, json_is_true(value));
}

static void
check_unknown(struct exchange *x, json_t *root)
{
	static const char *const	known[] = { "username", "password",
				    "remember" };
	const char			*name;
	json_t				*value;
	bool				 is_known;

	json_object_foreach(root, name, value) {
		is_known = false;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			is_known = is_known || strcmp(name, known[i]) == 0;
		if (!is_known)
			fault_note(x, FAULT_UNKNOWN_FIELD, text_of(name),
			    "There is no field \"%.60s\" here.", name);
	}
}

static enum flow
read_members(struct exchange *x, json_t *root, struct args *ret)
{
	if (!json_is_object(root))
		return fault_refuse(x, FAULT_WRONG_TYPE, TEXT_OF(""),
		    "The body must be a JSON object.");
	read_text(x, root, "username", KEY_USERNAME, ret);
	read_text(x, root, "password", KEY_PASSWORD, ret);
	read_remember(x, root);
	check_unknown(x, root);
	return fault_answer(x);
}

/* The name that the session has in the list of tokens. */
static void
put_agent(struct exchange *x)
{
	char		*name = h2o_mem_alloc_pool(&x->req->pool, AGENT_SIZE);

	agent_print(x->req, name);
	args_put_text(&x->args, KEY_AGENT, (struct text){ name,
	    strlen(name) });
}

static enum flow
read_body(struct exchange *x, struct text entity, struct args *ret)
{
	json_error_t	 error;
	enum flow	 flow;
	bool		 is_beyond;
	json_t		*root = json_body_read(entity, JSON_ALLOW_NUL |
			    JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error,
			    &is_beyond);

	if (root == NULL)
		return json_body_refuse(x, &error);
	flow = read_members(x, root, ret);
	json_decref(root);
	if (flow == FLOW_NEXT)
		put_agent(x);
	return flow;
}

enum flow
login_read(struct exchange *x, struct args *ret)
{
	struct cookie_desk	desk = session_desk(x);
	struct text		entity = { x->req->entity.base,
				    x->req->entity.len };
	enum flow		flow;

	if (cookie_is_foreign(x->req, &desk))
		return respond_code(x, ERR_FORBIDDEN, FAULT_FOREIGN_PAGE,
		    IDENTIFY_FOREIGN);
	if (entity.len > 0 && !json_body_is_typed(x->req))
		return respond_error(x, ERR_BAD_MEDIA_TYPE, NULL);
	flow = entity.len > 0 ? json_body_check_coding(x) : FLOW_NEXT;
	return flow == FLOW_NEXT ? read_body(x, entity, ret) : flow;
}
