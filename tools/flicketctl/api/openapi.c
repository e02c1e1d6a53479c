/*
 * `flicketctl openapi`: the description of the API (OpenAPI 3.1), made from
 * the tables that requests are routed and checked by, and from the shapes
 * that answers are written by.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "gateway/core/route.h"
#include "services/op/op.h"
#include "tools/flicketctl/cli/cli.h"

#define EXAMPLE_BASE	"http://localhost:5000"
#define EXAMPLE_DATE	"Tue, 24 Nov 2026 09:00:00 GMT"

static const struct {
	enum op_code	 op;
	const char	*tag;
	const char	*summary;
} docs[] = {
#define DOC(OPERATION, tag, summary) { OP_##OPERATION, tag, summary },
#define EXAMPLE(OPERATION, example)
#define PARAM(KEY, description, example)
#define ONE_OF(KEY, ...)
#define LIST_OF(KEY, ...)
#define SOME_OF(KEY, ...)
#include "gateway/core/docs.tbl"
#undef DOC
#undef EXAMPLE
};

static const struct {
	enum op_code	 op;
	const char	*json;
} examples[] = {
#define DOC(OPERATION, tag, summary)
#define EXAMPLE(OPERATION, example) { OP_##OPERATION, example },
#include "gateway/core/docs.tbl"
#undef EXAMPLE
#undef PARAM
};

static const struct param {
	enum key	 key;
	const char	*description;
	const char	*example;
} params[] = {
#define EXAMPLE(OPERATION, example)
#define PARAM(KEY, description, example) { KEY_##KEY, description, example },
#include "gateway/core/docs.tbl"
#undef PARAM
#undef ONE_OF
#undef LIST_OF
#undef SOME_OF
};

#define VALUES_MOST	8

/* Of keys whose values have names. */
static const struct named_values {
	enum key	 key;
	bool		 is_list;	/* with commas between */
	bool		 is_open;	/* there may be others */
	const char	*names[VALUES_MOST + 1];
} named_values[] = {
#define PARAM(KEY, description, example)
#define ONE_OF(KEY, ...) { KEY_##KEY, false, false, { __VA_ARGS__ } },
#define LIST_OF(KEY, ...) { KEY_##KEY, true, false, { __VA_ARGS__ } },
#define SOME_OF(KEY, ...) { KEY_##KEY, true, true, { __VA_ARGS__ } },
#include "gateway/core/docs.tbl"
#undef DOC
#undef EXAMPLE
#undef PARAM
#undef ONE_OF
#undef LIST_OF
#undef SOME_OF
};

static const char *const kinds_included[] = {
#define INCLUDE(name, operation, key) name,
#include "gateway/core/includes.tbl"
#undef INCLUDE
	NULL
};

static const struct service *const services[] = {
	&user_service, &ticket_service, &post_service, &lookup_service
};

/* Statuses that an operation can be refused with, and when. */
enum refusal {
	ALWAYS, WITH_TOKEN, WITH_RIGHT, WITH_BODY, WRITES, WITH_IF_MATCH,
	WITH_KEY, RANGES, SYNCS
};

static const struct {
	int		 status;
	enum refusal	 when;
	const char	*description;
} refusals[] = {
	{ 400, ALWAYS, "The request is not valid; the message names the error" },
	{ 401, WITH_TOKEN, "No token, or one that is not valid" },
	{ 403, WITH_RIGHT, "Not for this user, not with this token, or not from "
	    "the page that asks" },
	{ 404, ALWAYS, "The path or the thing does not exist" },
	{ 405, ALWAYS, "The path does not support this method" },
	{ 409, WRITES, "The current state does not allow this" },
	{ 410, SYNCS, "Not all that was deleted since then is known any more" },
	{ 412, WITH_IF_MATCH, "It has changed since (If-Match)" },
	{ 413, ALWAYS, "The body is too large" },
	{ 414, ALWAYS, "The URL is too long" },
	{ 415, WITH_BODY, "The type of the body is not supported" },
	{ 416, RANGES, "The file has no bytes in this range" },
	{ 417, ALWAYS, "Expect asks for something other than 100-continue" },
	{ 422, WITH_KEY, "The Idempotency-Key was used for another request" },
	{ 429, ALWAYS, "Too many requests, or failed logins" },
	{ 431, ALWAYS, "The header fields are too large" },
	{ 500, ALWAYS, "A fault of the server" },
	{ 503, ALWAYS, "A part of the desk does not answer at the moment" },
};

/* Of texts that are stored as one line (base/line.h). */
#define LINE_RULE	". One line of text: without control characters and " \
    "overrides of the direction, with a character that can be seen; blanks " \
    "at its ends are removed and do not count"

/* --- pieces ---------------------------------------------------------------------- */

/* json_pack(), whose formats are ours and never fail. */
#define pack(...)	must(json_pack(__VA_ARGS__))

static json_t *
must(json_t *j)
{
	CHECK(j != NULL);
	return j;
}

static void
put(json_t *object, const char *name, json_t *value)
{
	CHECK(json_object_set_new(object, name, value) == 0);
}

static void
add(json_t *array, json_t *value)
{
	CHECK(json_array_append_new(array, value) == 0);
}

static json_t *
ref_to(const char *kind, const char *name)
{
	return must(json_pack("{s:o}", "$ref", json_sprintf(
	    "#/components/%s/%s", kind, name)));
}

static const struct param *
param_of(enum key key)
{
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		if (params[i].key == key)
			return &params[i];
	log_fatal("gateway/core/docs.tbl has no PARAM row for %s",
	    key_info(key)->name);
}

static json_t *
example_of(const char *json)
{
	return must(json_loads(json, JSON_DECODE_ANY, NULL));
}

/* A value of the operation's own example, NULL if that has none. */
static json_t *
own_example(enum op_code op, enum key key)
{
	json_t	*own, *value = NULL;

	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		if (examples[i].op != op)
			continue;
		own = example_of(examples[i].json);
		value = json_incref(json_object_get(own, key_info(key)->name));
		json_decref(own);
		break;
	}
	return value;
}

/* A value of an example: of the operation's own, or of the key's. */
static json_t *
example_for(enum op_code op, enum key key)
{
	json_t	*own = own_example(op, key);

	return own != NULL ? own : example_of(param_of(key)->example);
}

static json_t *
array_of(json_t *items)
{
	return pack("{s:s,s:o}", "type", "array", "items", items);
}

static const struct named_values *
values_of(enum key key)
{
	for (size_t i = 0; i < sizeof(named_values) / sizeof(named_values[0]);
	    i++)
		if (named_values[i].key == key)
			return &named_values[i];
	return NULL;
}

static json_t *
one_of(const char *const *names)
{
	json_t	*all = json_array();

	for (; *names != NULL; names++)
		add(all, json_string(*names));
	return pack("{s:s,s:o}", "type", "string", "enum", all);
}

/* Names that a new desk has; an import may bring others. */
static json_t *
some_of(const char *const *names)
{
	return pack("{s:[o,{s:s}]}", "anyOf", one_of(names), "type", "string");
}

/* The schema of a text whose values have names, NULL if they have none. */
static json_t *
named_schema(enum key key)
{
	const struct named_values	*values = values_of(key);

	if (values == NULL)
		return NULL;
	return values->is_open ? some_of(values->names) :
	    one_of(values->names);
}

/*
 * The type of a key's value and, if it is stored, its bounds (0, 0: none).
 * Values to search for have no bounds.
 */
static json_t *
key_schema(enum key key, bool stored)
{
	const struct key_info	*info = key_info(key);
	bool			 bounded = stored && (info->least != 0 ||
				    info->most != 0);
	json_t			*s = named_schema(key);

	if (s != NULL)
		return s;
	if (info->form == FORM_QUERIES)
		return array_of(pack("{s:s}", "type", "string"));
	if (info->form == FORM_IDS) {
		s = array_of(pack("{s:s}", "type", "integer"));
		put(s, "maxItems", json_integer(info->most));
		return s;
	}
	s = json_object();
	if (info->type != KEY_INT) {
		put(s, "type", json_string("string"));
		if (bounded) {
			put(s, "minLength", json_integer(info->least));
			put(s, "maxLength", json_integer(info->most));
		}
		return s;
	}
	if (info->form == FORM_BOOL) {
		put(s, "type", json_string("boolean"));
		return s;
	}
	put(s, "type", json_string(info->form == FORM_HOURS ? "number" :
	    "integer"));
	if (bounded && info->form == FORM_HOURS) {
		put(s, "minimum", json_integer(info->least / 100));
		put(s, "maximum", json_real((double)info->most / 100));
	} else if (bounded) {
		put(s, "minimum", json_integer(info->least));
		put(s, "maximum", json_integer(info->most));
	}
	return s;
}

/* --- shapes ------------------------------------------------------------------------ */

static json_t *
uri_schema(bool may_be_null)
{
	return may_be_null ?
	    pack("{s:[s,s],s:s}", "type", "string", "null", "format", "uri") :
	    pack("{s:s,s:s}", "type", "string", "format", "uri");
}

static const char *
member_type(const struct member *m)
{
	switch (m->kind) {
	case SHAPE_INT:
		return "integer";
	case SHAPE_HOURS:
		return "number";
	case SHAPE_BOOL:
		return "boolean";
	case SHAPE_JSON:
		return "object";
	case SHAPE_NAMES:
		return "array";
	default:
		return "string";
	}
}

/* The row of a text that a member is named as, NULL if there is none. */
static const struct param *
param_of_member(const struct member *m)
{
	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
		if (key_info(params[i].key)->type != KEY_INT &&
		    strcmp(key_info(params[i].key)->name, m->name) == 0)
			return &params[i];
	return NULL;
}

static json_t *
member_schema(const struct member *m)
{
	const struct param	*param = m->kind == SHAPE_TEXT ?
				    param_of_member(m) : NULL;
	json_t			*s = param == NULL ? NULL :
				    named_schema(param->key);

	if (s != NULL)
		return s;
	if (m->kind == SHAPE_LINK)
		return uri_schema(m->may_be_null);
	s = m->may_be_null ?
	    pack("{s:[s,s]}", "type", member_type(m), "null") :
	    pack("{s:s}", "type", member_type(m));
	if (m->kind == SHAPE_DATE)
		put(s, "description", json_string("An HTTP date (RFC 9110, "
		    "5.6.7)"));
	if (m->kind == SHAPE_NAMES)
		put(s, "items", pack("{s:s}", "type", "string"));
	return s;
}

static json_t *
link_example(const struct member *m)
{
	const char	*percent = strchr(m->url, '%');

	if (percent == NULL)
		return json_sprintf(EXAMPLE_BASE "%s%s",
		    placeholder_path(m->root), m->url);
	return json_sprintf(EXAMPLE_BASE "%s%.*s1%s",
	    placeholder_path(m->root), (int)(percent - m->url), m->url,
	    percent + 1);
}

static json_t *
member_example(const struct member *m)
{
	const struct param	*param;

	switch (m->kind) {
	case SHAPE_INT:
		return json_integer(1);
	case SHAPE_HOURS:
		return json_real(1.5);
	case SHAPE_BOOL:
		return json_false();
	case SHAPE_DATE:
		return json_string(EXAMPLE_DATE);
	case SHAPE_JSON:
		return json_object();
	case SHAPE_NAMES:
		return pack("[s]", "flicket_admin");
	case SHAPE_LINK:
		return link_example(m);
	default:
		break;
	}
	param = param_of_member(m);
	return param != NULL ? example_of(param->example) : json_string("...");
}

/*
 * An object's schema, and an example of it, from its member on; returns the
 * member behind it. With `fields` a client chooses, and nothing is certain.
 */
static const struct member *
put_members(const struct member *m, bool choosable, json_t *schema,
    json_t *example)
{
	json_t	*properties = json_object(), *required = json_array();
	json_t	*inner, *shown;

	for (; m->kind != SHAPE_END && m->kind != SHAPE_CLOSE; m++) {
		if (!m->extra && !choosable)
			add(required, json_string(m->name));
		if (m->kind != SHAPE_OPEN) {
			put(properties, m->name, member_schema(m));
			if (!m->extra)
				put(example, m->name, member_example(m));
			continue;
		}
		inner = json_object();
		shown = json_object();
		put(properties, m->name, inner);
		put(example, m->name, shown);
		m = put_members(m + 1, false, inner, shown);
	}
	put(schema, "type", json_string("object"));
	put(schema, "properties", properties);
	put(schema, "additionalProperties", json_false());
	if (json_array_size(required) > 0)
		put(schema, "required", required);
	else
		json_decref(required);
	return m;
}

/* The operation's first row that has a shape, NULL if none has. */
static const struct op *
row_of(enum op_code op)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		for (const struct op *o = services[i]->ops; o->op != OP_NONE;
		    o++)
			if (o->op == op && o->shape != NULL)
				return o;
	return NULL;
}

static const struct shape *
shape_of(enum op_code op)
{
	const struct op	*row = row_of(op);

	return row == NULL ? NULL : row->shape;
}

/* A reference to a shape's schema, which is made if it is not there. */
static json_t *
schema_ref(json_t *schemas, const struct shape *shape, bool choosable)
{
	json_t	*schema, *example;
	char	 name[80];

	snprintf(name, sizeof(name), "%s%s", shape->name,
	    choosable ? "" : "_whole");
	if (json_object_get(schemas, name) == NULL) {
		schema = json_object();
		example = json_object();
		put_members(shape->members, choosable, schema, example);
		put(schema, "examples", pack("[o]", example));
		put(schemas, name, schema);
	}
	return ref_to("schemas", name);
}

/* --- requests ---------------------------------------------------------------------- */

/* The members that `fields` can name. */
static json_t *
fields_schema(const struct shape *shape)
{
	json_t	*all = json_array();
	int	 depth = 0;

	for (const struct member *m = shape->members; m->kind != SHAPE_END;
	    m++) {
		if (depth == 0)
			add(all, json_string(m->name));
		depth += m->kind == SHAPE_OPEN;
		depth -= m->kind == SHAPE_CLOSE;
	}
	return pack("{s:s,s:o}", "type", "string", "enum", all);
}

/* What a parameter may be; an array is a list with commas between. */
static json_t *
parameter_schema(const struct route *r, enum key key)
{
	const struct op	*row = row_of(r->op);

	switch (key) {
	case KEY_SORT:
		if (row == NULL || row->sorts == NULL)
			log_fatal("%s has no sorts", op_info(r->op)->name);
		return one_of(row->sorts);
	case KEY_FIELDS:
		return array_of(fields_schema(row->shape));
	case KEY_INCLUDE:
		return array_of(one_of(kinds_included));
	default:
		return values_of(key) != NULL && values_of(key)->is_list ?
		    array_of(named_schema(key)) : key_schema(key, false);
	}
}

/*
 * An explorer fills in the examples of parameters. So only those that are
 * required have one; the others have it in their schema, to be read.
 */
static json_t *
parameter(const struct route *r, const char *in, bool required, enum key key)
{
	json_t	*schema = parameter_schema(r, key);
	json_t	*p = pack("{s:s,s:s,s:b,s:s,s:o}", "name",
		    key_info(key)->name, "in", in, "required", required,
		    "description", param_of(key)->description, "schema",
		    schema);

	if (required)
		put(p, "example", example_for(r->op, key));
	else if (strcmp(json_string_value(json_object_get(schema, "type")),
	    "array") == 0) {
		put(p, "style", json_string("form"));
		put(p, "explode", json_false());
	} else if (json_object_get(schema, "enum") == NULL)
		put(schema, "examples", pack("[o]", example_for(r->op, key)));
	return p;
}

static void
add_parameters(json_t *list, const struct route *r, keyset keys,
    const char *in)
{
	/* the gateway has defaults for these */
	keyset	needs = keyset_difference(r->needs, K(PAGE, PER_PAGE, CURSOR));
	bool	required;

	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		required = keyset_has(r->in_path, k) || keyset_has(needs, k);
		add(list, parameter(r, in, required, k));
	}
}

static json_t *
header_parameter(const char *name, const char *description,
    const char *example)
{
	return pack("{s:s,s:s,s:b,s:s,s:{s:s,s:[s]}}", "name", name, "in",
	    "header", "required", 0, "description", description, "schema",
	    "type", "string", "examples", example);
}

/* Parameters of the query; services refuse some of them for some formats. */
static keyset
query_keys(const struct route *r)
{
	switch (r->reply) {
	case REPLY_CSV:
		return keyset_difference(r->given, K(FIELDS));
	case REPLY_NDJSON:
		return keyset_difference(r->given, K(BOM, SEPARATOR));
	default:
		return r->given;
	}
}

/* Reads of what has a tag take it, too. */
static bool
takes_if_match(const struct route *r)
{
	return keyset_has(op_info(r->op)->may, KEY_IF_MATCH) ||
	    (r->method == METHOD_GET && (r->reply == REPLY_JSON ||
	    r->reply == REPLY_FILE));
}

static json_t *
parameters_of(const struct route *r)
{
	json_t	*list = json_array();
	keyset	 may = op_info(r->op)->may;

	add_parameters(list, r, r->in_path, "path");
	if (r->method == METHOD_GET)
		add_parameters(list, r, query_keys(r), "query");
	if (r->method == METHOD_GET && r->reply != REPLY_SESSION)
		add(list, header_parameter("If-None-Match",
		    "Tags the client has: 304 if it is one of them",
		    "\"0123456789abcdef\""));
	else if (keyset_has(may, KEY_IF_NONE_MATCH))
		add(list, header_parameter("If-None-Match",
		    "Only if the thing has none of these tags",
		    "\"0123456789abcdef\""));
	if (takes_if_match(r))
		add(list, header_parameter("If-Match",
		    "Only if the thing still has this tag",
		    "\"0123456789abcdef\""));
	if (keyset_has(may, KEY_IDEMPOTENCY_KEY))
		add(list, header_parameter("Idempotency-Key",
		    "The client's name for this request: sent again with it, "
		    "it is done once", "5e0c1f6e"));
	return list;
}

/* A field's value in the example of a body, which has the required fields and
 * those of the operation's own example; NULL if it is not there. */
static json_t *
body_example(const struct route *r, enum key key)
{
	return keyset_has(r->needs, key) ? example_for(r->op, key) :
	    own_example(r->op, key);
}

static json_t *
body_schema(const struct route *r)
{
	json_t	*properties = json_object(), *required = json_array();
	json_t	*example = json_object(), *schema, *value;
	keyset	 keys = keyset_difference(r->given, K(FIELDS, INCLUDE));
	bool	 stores;

	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		stores = op_stores(op_info(r->op), k);
		schema = key_schema(k, stores);
		put(schema, "description", must(json_sprintf("%s%s",
		    param_of(k)->description,
		    stores && key_info(k)->form == FORM_LINE ? LINE_RULE :
		    "")));
		put(schema, "examples", pack("[o]", example_of(
		    param_of(k)->example)));
		put(properties, key_info(k)->name, schema);
		value = body_example(r, k);
		if (value != NULL)
			put(example, key_info(k)->name, value);
		if (keyset_has(r->needs, k))
			add(required, json_string(key_info(k)->name));
	}
	return pack("{s:s,s:o,s:o,s:[o]}", "type", "object", "properties",
	    properties, "required", required, "examples", example);
}

static json_t *
body_of(const struct route *r)
{
	json_t	*schema;

	if (r->input == INPUT_FORM) {
		schema = body_schema(r);
		(void)json_object_del(schema, "examples");
		put(json_object_get(schema, "properties"), "file",
		    pack("{s:s}", "contentMediaType",
		    "application/octet-stream"));
		add(json_object_get(schema, "required"), json_string("file"));
		return pack("{s:b,s:{s:{s:o}}}", "required", 1, "content",
		    "multipart/form-data", "schema", schema);
	}
	if (r->input == INPUT_LOGIN)
		return pack("{s:b,s:{s:{s:o}}}", "required", 1, "content",
		    "application/json", "schema", ref_to("schemas", "login"));
	if (r->input == INPUT_IMAGE)
		return pack("{s:b,s:{s:{},s:{},s:{}}}", "required", 1,
		    "content", "image/png", "image/jpeg", "image/gif");
	schema = body_schema(r);
	return pack("{s:b,s:{s:{s:o}}}", "required",
	    json_array_size(json_object_get(schema, "required")) > 0,
	    "content", "application/json", "schema", schema);
}

/* --- answers ------------------------------------------------------------------------- */

static json_t *
list_schema(json_t *item, bool cursor, bool include)
{
	json_t	*s = must(json_loads(
		    "{\"type\":\"object\",\"additionalProperties\":false,"
		    "\"required\":[\"items\",\"_links\",\"_meta\"],"
		    "\"properties\":{\"items\":{\"type\":\"array\"},"
		    "\"_links\":{\"type\":\"object\"},\"_meta\":{"
		    "\"type\":\"object\",\"additionalProperties\":false,"
		    "\"required\":[\"page\",\"per_page\",\"total_items\","
		    "\"total_pages\"],\"properties\":{"
		    "\"per_page\":{\"type\":\"integer\"},"
		    "\"total_items\":{\"type\":\"integer\"},"
		    "\"total_pages\":{\"type\":\"integer\"}}}}}", 0, NULL));
	json_t	*properties = json_object_get(s, "properties");

	put(json_object_get(properties, "items"), "items", item);
	put(json_object_get(properties, "_links"), "additionalProperties",
	    uri_schema(true));
	put(json_object_get(json_object_get(properties, "_meta"),
	    "properties"), "page", cursor ?
	    pack("{s:[s,s]}", "type", "integer", "null") :
	    pack("{s:s}", "type", "integer"));
	if (include)
		put(properties, "included", ref_to("schemas", "included"));
	return s;
}

/* "ticket_list": in small letters, as operations and schemas are named. */
static void
put_name(struct buf *b, enum op_code op)
{
	for (const char *p = op_info(op)->name; *p != '\0'; p++)
		buf_put_byte(b, *p == '_' ? '_' : (char)(*p | 0x20));
}

/* A reference to a list's schema, which is named as the operation. */
static json_t *
list_ref(json_t *schemas, const struct route *r, json_t *item)
{
	keyset		 may = op_info(r->op)->may;
	struct buf	 name = { 0 };
	json_t		*ref;

	put_name(&name, r->op);
	buf_put_byte(&name, '\0');
	put(schemas, name.base, list_schema(item, keyset_has(may, KEY_CURSOR),
	    keyset_has(may, KEY_INCLUDE)));
	ref = ref_to("schemas", name.base);
	buf_done(&name);
	return ref;
}

/* The schema of a thing that may come with what it includes. */
static json_t *
with_included(json_t *thing)
{
	return pack("{s:[o,{s:s,s:[s],s:{s:o}}]}", "anyOf", thing, "type",
	    "object", "required", "included", "properties", "included",
	    ref_to("schemas", "included"));
}

static json_t *
session_schema(json_t *user)
{
	json_t	*s = must(json_loads(
		    "{\"type\":\"object\",\"additionalProperties\":false,"
		    "\"required\":[\"expires\",\"features\",\"limits\","
		    "\"read_only\",\"rights\",\"title\",\"token_id\","
		    "\"user\",\"version\"],\"properties\":{"
		    "\"expires\":{\"type\":[\"string\",\"null\"],"
		    "\"description\":\"An HTTP date (RFC 9110, 5.6.7)\"},"
		    "\"features\":{\"type\":\"object\","
		    "\"additionalProperties\":false,"
		    "\"required\":[\"change_category\"],\"properties\":{"
		    "\"change_category\":{\"type\":\"boolean\","
		    "\"description\":\"Whether the user may move tickets to "
		    "another category\"}}},"
		    "\"limits\":{\"type\":\"object\","
		    "\"additionalProperties\":false,"
		    "\"required\":[\"avatar_bytes\",\"per_page\","
		    "\"upload_bytes\",\"upload_extensions\"],\"properties\":{"
		    "\"avatar_bytes\":{\"type\":\"integer\"},"
		    "\"per_page\":{\"type\":\"integer\"},"
		    "\"upload_bytes\":{\"type\":\"integer\"},"
		    "\"upload_extensions\":{\"type\":\"array\",\"items\":{"
		    "\"type\":\"string\"}}}},"
		    "\"read_only\":{\"type\":\"boolean\",\"description\":"
		    "\"Whether the token is for reading only\"},"
		    "\"rights\":{\"type\":\"array\",\"items\":{\"enum\":["
		    "\"admin\",\"staff\"]}},"
		    "\"title\":{\"type\":\"string\",\"description\":"
		    "\"Name of the desk\"},"
		    "\"token_id\":{\"type\":[\"integer\",\"null\"],"
		    "\"description\":\"The session's token, in the list of "
		    "tokens\"},"
		    "\"version\":{\"type\":\"string\"}}}", 0, NULL));

	put(json_object_get(s, "properties"), "user", pack("{s:s,s:[o,{s:s}]}",
	    "description", "Null without a session", "anyOf", user, "type",
	    "null"));
	return s;
}

static json_t *
answer_schema(const struct route *r, json_t *schemas)
{
	keyset			 may = op_info(r->op)->may;
	bool			 include = keyset_has(may, KEY_INCLUDE);
	const struct shape	*shape = shape_of(r->op);
	json_t			*item;

	if (r->op == OP_TOKEN_CREATE)
		return ref_to("schemas", "new_token");
	if (r->op == OP_TICKET_DELETIONS)
		return ref_to("schemas", "deletions");
	if (r->op == OP_TICKET_COUNTS)
		return ref_to("schemas", "counts");
	if (r->reply == REPLY_SETTINGS)
		return ref_to("schemas", "settings");
	if (shape == NULL)
		return json_object();
	item = schema_ref(schemas, shape, keyset_has(may, KEY_FIELDS));
	if (r->reply == REPLY_SESSION)
		return session_schema(item);
	if (route_is_list(r))
		return list_ref(schemas, r, item);
	return include ? with_included(item) : item;
}

static json_t *
content_of(const struct route *r, json_t *schemas)
{
	switch (r->reply) {
	case REPLY_FILE:
		return pack("{s:{}}", "*/*");
	case REPLY_CSV:
		return pack("{s:{s:{s:s}}}", "text/csv", "schema", "type",
		    "string");
	case REPLY_NDJSON:
		return pack("{s:{s:{s:s}}}", "application/x-ndjson", "schema",
		    "type", "string");
	case REPLY_IMAGE:
		return pack("{s:{}}", "image/*");
	default:
		return pack("{s:{s:o}}", "application/json", "schema",
		    answer_schema(r, schemas));
	}
}

static json_t *
headers_of(const struct route *r)
{
	json_t	*headers = pack("{s:o,s:o,s:o}", "X-Request-ID",
		    ref_to("headers", "X-Request-ID"), "Cache-Control",
		    ref_to("headers", "Cache-Control"), "Vary",
		    ref_to("headers", "Vary"));

	if (!route_has_password(r)) {
		put(headers, "RateLimit", ref_to("headers", "RateLimit"));
		put(headers, "RateLimit-Policy",
		    ref_to("headers", "RateLimit-Policy"));
	}

	if (r->method == METHOD_GET && r->reply != REPLY_SESSION)
		put(headers, "ETag", ref_to("headers", "ETag"));
	if (r->reply == REPLY_SESSION && r->method != METHOD_GET)
		put(headers, "Set-Cookie", ref_to("headers", "Set-Cookie"));
	if (route_is_list(r))
		put(headers, "Link", ref_to("headers", "Link"));
	if (r->location[0] != '\0')
		put(headers, "Location", ref_to("headers", "Location"));
	if (keyset_has(op_info(r->op)->may, KEY_IDEMPOTENCY_KEY))
		put(headers, "Idempotency-Replayed",
		    ref_to("headers", "Idempotency-Replayed"));
	if (op_filters_tickets(op_info(r->op)))
		put(headers, "Search-Note",
		    ref_to("headers", "Search-Note"));
	return headers;
}

static bool
has_body(const struct route *r)
{
	return r->method != METHOD_GET && r->method != METHOD_DELETE;
}

static bool
applies(const struct route *r, enum refusal when)
{
	keyset	may = op_info(r->op)->may;

	switch (when) {
	case WITH_TOKEN:
	case WITH_RIGHT:
		return op_info(r->op)->who != WHO_VISITOR;
	case WITH_BODY:
		return has_body(r);
	case WRITES:
		return r->method != METHOD_GET;
	case WITH_IF_MATCH:
		return takes_if_match(r);
	case WITH_KEY:
		return keyset_has(may, KEY_IDEMPOTENCY_KEY);
	case SYNCS:
		return keyset_has(may, KEY_SINCE);
	case RANGES:
		return r->reply == REPLY_FILE;
	default:
		return true;
	}
}

static json_t *
responses_of(const struct route *r, json_t *schemas)
{
	json_t	*all = json_object(), *success;
	char	 status[8], name[24];

	snprintf(status, sizeof(status), "%d", r->status);
	success = pack("{s:s,s:o}", "description", r->status == 204 ?
	    "Done" : r->status == 201 ? "Made" : "Here it is", "headers",
	    headers_of(r));
	if (r->status != 204)
		put(success, "content", content_of(r, schemas));
	put(all, status, success);
	if (r->reply == REPLY_FILE)
		put(all, "206", pack("{s:s,s:{s:{}}}", "description",
		    "The part that was asked for", "content", "*/*"));
	if (r->method == METHOD_GET && r->reply != REPLY_SESSION)
		put(all, "304", pack("{s:s}", "description",
		    "The client has it"));
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (!applies(r, refusals[i].when))
			continue;
		snprintf(status, sizeof(status), "%d", refusals[i].status);
		snprintf(name, sizeof(name), "E%d%s", refusals[i].status,
		    refusals[i].status == 400 && route_is_flickets(r) ?
		    "_of_flicket" : "");
		put(all, status, ref_to("responses", name));
	}
	return all;
}

/* --- operations ---------------------------------------------------------------------- */

/* Whether a path has a word, also as ":word" or ":word_id". */
static bool
has_word(const char *path, const char *word, size_t len)
{
	const char	*at;
	size_t		 part;

	for (at = path; *at != '\0'; at += part + (at[part] != '\0')) {
		part = strcspn(at, "/.:");
		if (part >= len && memcmp(at, word, len) == 0 &&
		    (part == len || strncmp(at + len, "_id", 3) == 0))
			return true;
	}
	return false;
}

/* Append the words of a path that another path lacks, "_" before each. */
static void
put_new_words(struct buf *b, const char *path, const char *other)
{
	const char	*at;
	size_t		 part, len;

	for (at = path; *at != '\0'; at += part + (at[part] != '\0')) {
		part = len = strcspn(at, "/.:");
		if (len > 3 && memcmp(at + len - 3, "_id", 3) == 0)
			len -= 3;
		if (len == 0 || has_word(other, at, len))
			continue;
		buf_put_byte(b, '_');
		buf_put(b, at, len);
	}
}

/*
 * "ticket_create"; of a path that is not the operation's first one with the
 * words that this one has and the first one has not: "ticket_list_page".
 */
static json_t *
operation_id(const struct route *r)
{
	const struct route	*first = routes_all();
	struct buf		 id = { 0 };
	json_t			*name;

	while (first->op != r->op)
		first++;
	put_name(&id, r->op);
	if (first != r)
		put_new_words(&id, r->path, first->path);
	name = must(json_stringn(id.base, id.len));
	buf_done(&id);
	return name;
}

static void
put_docs(json_t *operation, const struct route *r)
{
	for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++)
		if (docs[i].op == r->op) {
			put(operation, "summary",
			    json_string(docs[i].summary));
			put(operation, "tags", pack("[s]", docs[i].tag));
			put(operation, "description", json_sprintf(
			    "Who may: %s.", who_info(op_info(r->op)->who)
			    ->text));
			return;
		}
	log_fatal("gateway/core/docs.tbl has no DOC row for %s",
	    op_info(r->op)->name);
}

static json_t *
operation_of(const struct route *r, json_t *schemas)
{
	json_t	*operation = pack("{s:o}", "operationId", operation_id(r));

	put_docs(operation, r);
	put(operation, "parameters", parameters_of(r));
	if (has_body(r) && (r->input != INPUT_JSON ||
	    !keyset_is_empty(r->given)))
		put(operation, "requestBody", body_of(r));
	if (r->input == INPUT_LOGIN || op_info(r->op)->who == WHO_VISITOR)
		put(operation, "security", json_array());
	else if (route_has_password(r))
		put(operation, "security", pack("[{s:[]}]", "password"));
	put(operation, "responses", responses_of(r, schemas));
	return operation;
}

/* "ticket/:id" as "/flicket-api/ticket/{id}". */
static void
put_path(struct buf *b, const struct route *r)
{
	const char	*p = r->path;
	size_t		 len;

	buf_put_text(b, placeholder_path(r->root));
	while (*p != '\0') {
		len = strcspn(p, ":");
		buf_put(b, p, len);
		p += len;
		if (*p != ':')
			continue;
		len = strcspn(p, "/");
		buf_put_byte(b, '{');
		buf_put(b, p + 1, len - 1);
		buf_put_byte(b, '}');
		p += len;
	}
	buf_put_byte(b, '\0');
}

static void
put_route(json_t *paths, const struct route *r, json_t *schemas)
{
	static const char *const	methods[METHOD_END] = {
		"get", "post", "put", "patch", "delete"
	};
	struct buf			path = { 0 };

	put_path(&path, r);
	if (json_object_get(paths, path.base) == NULL)
		put(paths, path.base, json_object());
	put(json_object_get(paths, path.base), methods[r->method],
	    operation_of(r, schemas));
	buf_done(&path);
}

/* Pages beside the API. */
static void
put_pages(json_t *paths)
{
	static const struct { const char *path, *id, *summary, *type; }
	    pages[] = {
		{ "/healthz", "healthz", "Whether the gateway runs", "application/json" },
		{ "/readyz", "readyz", "Whether every service answers",
		    "application/json" },
		{ "/metrics", "metrics", "Figures for Prometheus",
		    "text/plain" },
		{ "/openapi.json", "openapi", "This description",
		    "application/json" },
		{ "/docs", "docs", "A page to read and try it", "text/html" },
	};
	json_t	*get;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		get = pack("{s:s,s:s,s:[s],s:[],s:{s:{s:s,s:{s:{}}}}}",
		    "operationId", pages[i].id, "summary",
		    pages[i].summary, "tags", "state", "security",
		    "responses", "200", "description", "Here it is",
		    "content", pages[i].type);
		if (strcmp(pages[i].path, "/readyz") == 0)
			put(json_object_get(get, "responses"), "503",
			    pack("{s:s,s:{s:{}}}", "description",
			    "One does not answer", "content",
			    "application/json"));
		put(paths, pages[i].path, pack("{s:o}", "get", get));
	}
}

/* --- the whole ------------------------------------------------------------------------ */

/* All codes, with what they mean. */
static json_t *
error_code_schema(void)
{
	const struct fault_info	*info;
	json_t			*all = json_array();

	for (unsigned i = FAULT_NONE + 1; i < FAULT_END; i++) {
		info = fault_info(i);
		add(all, pack("{s:s,s:s}", "const", info->word, "description",
		    info->meaning));
	}
	return pack("{s:s,s:s,s:o}", "type", "string", "description",
	    "What is wrong, for programs. Later versions may add codes.",
	    "oneOf", all);
}

/*
 * Flicket's form of an error with members for programs; these are there without
 * exception (NULL: one has exceptions).
 */
static json_t *
error_schema(const char *code, const char *message)
{
	json_t	*s = must(json_loads(
		    "{\"type\":\"object\",\"required\":[\"error\"],"
		    "\"additionalProperties\":false,\"properties\":{"
		    "\"code\":{\"$ref\":\"#/components/schemas/error_code\"},"
		    "\"count\":{\"type\":\"integer\",\"description\":\"How "
		    "many replies it is about\"},"
		    "\"error\":{\"type\":\"string\",\"description\":\"The "
		    "reason phrase\"},"
		    "\"errors\":{\"type\":\"array\",\"minItems\":2,"
		    "\"description\":\"If several things are wrong: all of "
		    "them, the first one first\",\"items\":{"
		    "\"$ref\":\"#/components/schemas/fault\"}},"
		    "\"field\":{\"type\":\"string\",\"description\":\"The "
		    "field or parameter that it is about\"},"
		    "\"message\":{\"type\":\"string\",\"description\":\"What "
		    "is wrong, for people\"},"
		    "\"post_ids\":{\"type\":\"array\",\"items\":{\"type\":"
		    "\"integer\"},\"description\":\"These replies, the first "
		    "100\"}},\"examples\":[{\"code\":"
		    "\"too_short\",\"error\":\"Bad Request\",\"field\":"
		    "\"title\",\"message\":\"title must be 3 to 128 "
		    "characters long, this one has 2.\"}]}", 0, NULL));

	if (code != NULL)
		add(json_object_get(s, "required"), json_string(code));
	if (message != NULL)
		add(json_object_get(s, "required"), json_string(message));
	return s;
}

static void
put_error_schemas(json_t *schemas)
{
	put(schemas, "error_code", error_code_schema());
	put(schemas, "fault", must(json_loads(
	    "{\"type\":\"object\",\"required\":[\"code\",\"message\"],"
	    "\"additionalProperties\":false,\"properties\":{"
	    "\"code\":{\"$ref\":\"#/components/schemas/error_code\"},"
	    "\"field\":{\"type\":\"string\",\"description\":\"The field or "
	    "parameter that it is about\"},"
	    "\"message\":{\"type\":\"string\"}},\"examples\":[{\"code\":"
	    "\"too_short\",\"field\":\"title\",\"message\":\"title must be 3 to "
	    "128 characters long, this one has 2.\"}]}", 0, NULL)));
	put(schemas, "error", error_schema("code", "message"));
	put(schemas, "error_of_flicket", error_schema(NULL, "message"));
	put(schemas, "error_of_thing", error_schema(NULL, NULL));
	put(schemas, "error_alone", must(json_loads(
	    "{\"type\":\"object\",\"required\":[\"error\"],"
	    "\"additionalProperties\":false,\"properties\":{"
	    "\"error\":{\"type\":\"string\"}},\"examples\":[{\"error\":"
	    "\"Unauthorized\"}]}", 0, NULL)));
	put(schemas, "problem", must(json_loads(
	    "{\"type\":\"object\",\"description\":\"RFC 9457\","
	    "\"required\":[\"code\",\"detail\",\"instance\",\"status\","
	    "\"title\",\"type\"],"
	    "\"additionalProperties\":false,\"properties\":{"
	    "\"code\":{\"$ref\":\"#/components/schemas/error_code\"},"
	    "\"count\":{\"type\":\"integer\"},"
	    "\"detail\":{\"type\":\"string\"},"
	    "\"errors\":{\"type\":\"array\",\"minItems\":2,\"items\":{"
	    "\"$ref\":\"#/components/schemas/fault\"}},"
	    "\"field\":{\"type\":\"string\"},"
	    "\"instance\":{\"type\":\"string\"},"
	    "\"post_ids\":{\"type\":\"array\",\"items\":{\"type\":"
	    "\"integer\"}},"
	    "\"status\":{\"type\":\"integer\"},"
	    "\"title\":{\"type\":\"string\"},"
	    "\"type\":{\"type\":\"string\"}},\"examples\":[{"
	    "\"code\":\"not_found\","
	    "\"detail\":\"There is no such path, thing or page.\","
	    "\"instance\":\"urn:flicketd:request:5be1f3a0-2c\","
	    "\"status\":404,\"title\":\"Not Found\","
	    "\"type\":\"about:blank\"}]}", 0, NULL)));
}

/* Of counts by one or two ids. */
static json_t *
groups_schema(const char *id, const char *other)
{
	json_t	*s = must(json_loads("{\"type\":\"array\",\"items\":{"
		    "\"type\":\"object\",\"additionalProperties\":false,"
		    "\"required\":[\"count\"],\"properties\":{\"count\":{"
		    "\"type\":\"integer\"}}}}", 0, NULL));
	json_t	*group = json_object_get(s, "items");

	for (int i = 0; i < 2 && id != NULL; i++, id = other, other = NULL) {
		add(json_object_get(group, "required"), json_string(id));
		put(json_object_get(group, "properties"), id,
		    pack("{s:[s,s]}", "type", "integer", "null"));
	}
	return s;
}

static json_t *
counts_schema(void)
{
	json_t	*s = must(json_loads("{\"type\":\"object\","
		    "\"additionalProperties\":false,\"properties\":{"
		    "\"others\":{\"type\":\"object\",\"description\":\"By facet: "
		    "tickets that are in none of the groups shown\","
		    "\"additionalProperties\":{\"type\":\"integer\"}},"
		    "\"total\":{\"type\":\"integer\"},"
		    "\"views\":{\"type\":\"array\",\"description\":\"In the "
		    "order of the request; null: tickets/ would refuse it\","
		    "\"items\":{\"type\":[\"integer\",\"null\"]}}},"
		    "\"examples\":[{\"others\":{\"status\":0},\"status\":[{"
		    "\"count\":5,\"id\":1}],\"total\":5}]}", 0, NULL));
	json_t	*properties = json_object_get(s, "properties");

	put(properties, "assigned", groups_schema("id", NULL));
	put(properties, "category", groups_schema("id", NULL));
	put(properties, "department", groups_schema("id", NULL));
	put(properties, "department_status", groups_schema("department_id",
	    "status_id"));
	put(properties, "priority", groups_schema("id", NULL));
	put(properties, "status", groups_schema("id", NULL));
	return s;
}

/* Of answers that are no rows. */
static void
put_answer_schemas(json_t *schemas)
{
	put(schemas, "new_token", must(json_loads(
	    "{\"type\":\"object\",\"required\":[\"token\"],\"properties\":{"
	    "\"token\":{\"type\":\"string\"},\"id\":{\"type\":\"integer\"},"
	    "\"name\":{\"type\":[\"string\",\"null\"]},"
	    "\"scope\":{\"enum\":[\"read\",\"write\"]},"
	    "\"expires\":{\"type\":\"string\"}},"
	    "\"additionalProperties\":false,\"examples\":[{\"token\":"
	    "\"c2VjcmV0\"}]}", 0, NULL)));
	put(schemas, "login", must(json_loads(
	    "{\"type\":\"object\",\"additionalProperties\":false,"
	    "\"required\":[\"username\",\"password\"],\"properties\":{"
	    "\"username\":{\"type\":\"string\",\"description\":\"The "
	    "username or the e-mail address\"},"
	    "\"password\":{\"type\":\"string\"},"
	    "\"remember\":{\"type\":\"boolean\",\"description\":\"Whether "
	    "the cookie outlasts the browser, for 30 days\"}},"
	    "\"examples\":[{\"password\":\"Password1\",\"remember\":false,"
	    "\"username\":\"admin\"}]}", 0, NULL)));
	put(schemas, "deletions", must(json_loads(
	    "{\"type\":\"object\",\"additionalProperties\":false,"
	    "\"required\":[\"_links\",\"items\",\"since\"],\"properties\":{"
	    "\"_links\":{\"type\":\"object\",\"required\":[\"next\"],"
	    "\"additionalProperties\":false,\"properties\":{\"next\":{"
	    "\"type\":[\"string\",\"null\"],\"format\":\"uri\"}}},"
	    "\"items\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	    "\"required\":[\"date_deleted\",\"id\"],"
	    "\"additionalProperties\":false,\"properties\":{"
	    "\"date_deleted\":{\"type\":\"string\",\"description\":\"An HTTP "
	    "date (RFC 9110, 5.6.7)\"},\"id\":{\"type\":\"integer\"}}}},"
	    "\"since\":{\"type\":\"string\",\"description\":\"Where the next "
	    "request goes on\"}},\"examples\":[{\"_links\":{\"next\":null},"
	    "\"items\":[{\"date_deleted\":\"Tue, 24 Nov 2026 09:00:00 GMT\","
	    "\"id\":7}],\"since\":\"d3482937-12\"}]}", 0, NULL)));
	put(schemas, "counts", counts_schema());
	put(schemas, "settings", must(json_loads(
	    "{\"type\":\"object\",\"additionalProperties\":false,"
	    "\"required\":[\"items\"],\"properties\":{\"items\":{"
	    "\"type\":\"array\",\"items\":{\"type\":\"object\","
	    "\"additionalProperties\":false,\"required\":[\"default\","
	    "\"help\",\"name\",\"value\"],\"properties\":{"
	    "\"default\":{\"type\":[\"string\",\"null\"]},"
	    "\"help\":{\"type\":\"string\",\"description\":\"What it does, "
	    "in Markdown\"},\"name\":{\"type\":\"string\"},"
	    "\"value\":{\"type\":[\"string\",\"null\"],\"description\":"
	    "\"null: none; of a secret: `set`\"}}}}},\"examples\":[{"
	    "\"items\":[{\"default\":\"flicketd\",\"help\":\"Name of the "
	    "desk, which the console shows\",\"name\":\"FLICKET_TITLE\","
	    "\"value\":\"Help desk\"}]}]}", 0, NULL)));
	put(schemas, "included", must(json_loads(
	    "{\"type\":\"object\",\"description\":\"What `include` asked "
	    "for, by kind\",\"additionalProperties\":{\"type\":\"array\","
	    "\"items\":{\"type\":\"object\"}}}", 0, NULL)));
}

/* The schema of an error in Flicket's form. */
static const char *
error_schema_of(int status)
{
	switch (status) {
	case 401: return "error_alone";
	case 404: return "error_of_thing";
	default: return "error";
	}
}

static json_t *
error_response(const char *description, const char *schema)
{
	return pack("{s:s,s:{s:{s:o},s:{s:o}}}", "description", description,
	    "content", "application/json", "schema", ref_to("schemas", schema),
	    "application/problem+json", "schema",
	    ref_to("schemas", "problem"));
}

static json_t *
error_responses(void)
{
	json_t	*all = json_object(), *one;
	char	 name[16];

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		one = error_response(refusals[i].description,
		    error_schema_of(refusals[i].status));
		if (refusals[i].status == 429 || refusals[i].status == 503)
			put(one, "headers", pack("{s:o}", "Retry-After",
			    ref_to("headers", "Retry-After")));
		if (refusals[i].status == 429) {
			put(json_object_get(one, "headers"), "RateLimit",
			    ref_to("headers", "RateLimit"));
			put(json_object_get(one, "headers"), "RateLimit-Policy",
			    ref_to("headers", "RateLimit-Policy"));
		}
		snprintf(name, sizeof(name), "E%d", refusals[i].status);
		put(all, name, one);
	}
	put(all, "E400_of_flicket", error_response("The request is not valid. "
	    "Errors that Flicket has, too, have its members and no others",
	    "error_of_flicket"));
	return all;
}

static json_t *
components(json_t *schemas)
{
	put_error_schemas(schemas);
	put_answer_schemas(schemas);
	return pack("{s:o,s:o,s:o,s:o}", "schemas", schemas, "responses",
	    error_responses(), "headers", must(json_loads(
	    "{\"X-Request-ID\":{\"description\":\"The request's id: its own, "
	    "or one made up\",\"schema\":{\"type\":\"string\"}},"
	    "\"ETag\":{\"description\":\"The tag of what was answered; it "
	    "ends in .gzip if the answer is compressed, and If-Match takes "
	    "either\","
	    "\"schema\":{\"type\":\"string\"}},"
	    "\"Idempotency-Replayed\":{\"description\":\"The answer was kept "
	    "for this Idempotency-Key; nothing was done\","
	    "\"schema\":{\"type\":\"string\",\"enum\":[\"true\"]}},"
	    "\"Link\":{\"description\":\"Other pages (RFC 8288)\","
	    "\"schema\":{\"type\":\"string\"}},"
	    "\"Location\":{\"description\":\"Where the new thing is\","
	    "\"schema\":{\"type\":\"string\",\"format\":\"uri\"}},"
	    "\"RateLimit\":{\"description\":\"Requests the token has left (r), "
	    "seconds until all are there again (t); where the desk limits "
	    "them\",\"schema\":{\"type\":\"string\"}},"
	    "\"RateLimit-Policy\":{\"description\":\"Requests a token may "
	    "make (q) in so many seconds (w); where the desk limits them\","
	    "\"schema\":{\"type\":\"string\"}},"
	    "\"Cache-Control\":{\"description\":\"Answers are for one user, "
	    "and are asked for anew\",\"schema\":{\"type\":\"string\"}},"
	    "\"Set-Cookie\":{\"description\":\"The session, or its end\","
	    "\"schema\":{\"type\":\"string\"}},"
	    "\"Vary\":{\"description\":\"Fields of the request that the "
	    "answer depends on\",\"schema\":{\"type\":\"string\"}},"
	    "\"Retry-After\":{\"description\":\"Seconds to wait\","
	    "\"schema\":{\"type\":\"integer\"}},"
	    "\"Search-Note\":{\"description\":\"What of content has no "
	    "effect\",\"schema\":{\"type\":\"string\"}}}", 0, NULL)),
	    "securitySchemes", must(json_loads(
	    "{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\","
	    "\"description\":\"A token from POST tokens\"},"
	    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":"
	    "\"__Host-flicket\",\"description\":\"The cookie of POST "
	    "session, which browsers send. Without TLS its name is "
	    "flicket-PORT. Other methods than GET and HEAD need the header "
	    "field Flicket-Console: 1, too\"},"
	    "\"password\":{\"type\":\"http\",\"scheme\":\"basic\"}}", 0,
	    NULL)));
}

static json_t *
tags(void)
{
	json_t	*all = json_array();

	for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++)
		if (i == 0 || strcmp(docs[i].tag, docs[i - 1].tag) != 0)
			add(all, pack("{s:s}", "name", docs[i].tag));
	add(all, pack("{s:s}", "name", "state"));
	return all;
}

int
openapi_run(const struct cli *c)
{
	json_t	*paths = json_object(), *schemas = json_object(), *all;

	(void)c;
	routes_init();
	for (const struct route *r = routes_all(); r->path != NULL; r++)
		put_route(paths, r, schemas);
	put_pages(paths);
	all = pack("{s:s,s:{s:s,s:s,s:s,s:{s:s,s:s}},s:[{s:s}],s:[{s:[]},{s:[]}],"
	    "s:o,s:o,s:o}", "openapi", "3.1.0", "info", "title", "flicketd",
	    "version", FLICKET_VERSION, "description",
	    "The API of a help desk. Links in answers are whole URLs; lists "
	    "come in pages. A path that ends in a slash is also served "
	    "without it. Answers of 1 KB and more are compressed with gzip for "
	    "clients that accept it.", "license", "name", "MIT", "identifier", "MIT",
	    "servers", "url", "/", "security", "token", "session", "tags", tags(),
	    "paths", paths, "components", components(schemas));
	if (json_dumpf(all, stdout, JSON_COMPACT) == -1 || puts("") == EOF)
		return STATUS_FAILED;
	json_decref(all);
	return STATUS_OK;
}
