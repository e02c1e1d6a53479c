/* JSON with a name, a password, and whether to remember them. */
#include "gateway/stage/login.h"

#include <jansson.h>

#include "gateway/http/agent.h"
#include "gateway/http/cookie.h"
#include "gateway/reply/fault.h"
#include "gateway/stage/identify.h"
#include "gateway/stage/json_body.h"

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

static enum flow
check_length(struct exchange *x, const struct args *args)
{
	if (args_text(args, KEY_USERNAME).len +
	    args_text(args, KEY_PASSWORD).len <= IDENTIFY_CREDENTIALS_MOST)
		return FLOW_NEXT;
	return fault_refuse(x, FAULT_TOO_LONG, TEXT_OF("password"),
	    "username and password have more than %d bytes together.",
	    IDENTIFY_CREDENTIALS_MOST);
}

static enum flow
read_members(struct exchange *x, const json_t *root, struct args *ret)
{
	enum flow	flow;

	if (!json_is_object(root))
		return fault_refuse(x, FAULT_INVALID_JSON, TEXT_OF(""),
		    "The body must be a JSON object with username and "
		    "password.");
	read_text(x, root, "username", KEY_USERNAME, ret);
	read_text(x, root, "password", KEY_PASSWORD, ret);
	read_remember(x, root);
	flow = fault_answer(x);
	return flow == FLOW_NEXT ? check_length(x, ret) : flow;
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

enum flow
login_read(struct exchange *x, struct args *ret)
{
	json_error_t	 error;
	enum flow	 flow;
	bool		 beyond;
	json_t		*root;

	if (cookie_is_foreign(x->req, x->worker->gateway->settings->base_url))
		return respond_code(x, ERR_FORBIDDEN, FAULT_FOREIGN_PAGE,
		    IDENTIFY_FOREIGN);
	root = json_body_read((struct text){ x->req->entity.base,
	    x->req->entity.len }, JSON_REJECT_DUPLICATES, &error, &beyond);
	flow = read_members(x, root, ret);
	json_decref(root);
	put_agent(x);
	return flow;
}
