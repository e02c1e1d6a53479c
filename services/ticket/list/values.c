/* The values of a list's parameters. */
#include "services/ticket/list/values.h"

#include <stdlib.h>

#include "base/number.h"
#include "services/ticket/ticket.h"

#define SHOWN_MOST	80	/* bytes of a value in a message */
#define COMMAS_MOST	8	/* in one name */

int
value_shown(struct text value)
{
	return value.len > SHOWN_MOST ? SHOWN_MOST : (int)value.len;
}

bool
values_next(struct text *left, struct text *ret)
{
	const char	*comma = left->len == 0 ? NULL :
			    memchr(left->base, ',', left->len);

	*ret = *left;
	if (comma != NULL)
		ret->len = (size_t)(comma - ret->base);
	left->base += ret->len + (comma != NULL);
	left->len -= ret->len + (comma != NULL);
	return comma != NULL;
}

static enum err
refuse_count(struct call *c, enum key key)
{
	return op_fault(c, FAULT_TOO_MANY, key,
	    op_refusef(c, ERR_BAD_REQUEST, "%s: more than %d values.",
	    key_info(key)->name, VALUES_MOST));
}

void
values_want(uint8_t *wanted, const struct codes *codes, int64_t id)
{
	uint32_t	code = codes_find(codes, id);

	if (code != 0)
		wanted[code] = 1;
}

void
values_narrow(uint8_t **have, uint8_t *wanted, size_t count)
{
	if (*have == NULL) {
		*have = wanted;
		return;
	}
	for (size_t i = 0; i < count; i++)
		(*have)[i] &= wanted[i];
	free(wanted);
}

/* --- ids ----------------------------------------------------------------- */

/* Beyond 64 bits there are no ids: INT64_MAX, which is not one either. */
static bool
read_id(struct text t, int64_t *ret)
{
	return number_take(&t, ret) != NUMBER_NONE && t.len == 0;
}

static bool
is_literal(struct text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.base, word, t.len) == 0;
}

static bool
is_of_users(enum key key)
{
	return key == KEY_ASSIGNED_IDS || key == KEY_CREATED_IDS ||
	    key == KEY_USER_IDS || key == KEY_SUBSCRIBER_IDS;
}

static enum err
refuse_id(struct call *c, enum key key, struct text value)
{
	return op_fault(c, FAULT_WRONG_TYPE, key,
	    op_refusef(c, ERR_BAD_REQUEST, "%s: \"%.*s\" is not an id. Give "
	    "numbers with commas between%s%s.", key_info(key)->name,
	    value_shown(value), value.base, is_of_users(key) ?
	    ", or `me`" : "", key == KEY_ASSIGNED_IDS ?
	    ", or `unassigned`" : ""));
}

static void
add_id(struct ids *ids, int64_t id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->id[i] == id)
			return;
	ids->id[ids->count++] = id;
}

static enum err
read_value(struct call *c, enum key key, struct text value, struct ids *ids)
{
	int64_t	id;

	if (is_literal(value, "me") && is_of_users(key))
		add_id(ids, c->request.actor);
	else if (is_literal(value, "unassigned") && key == KEY_ASSIGNED_IDS)
		ids->unassigned = true;
	else if (read_id(value, &id))
		add_id(ids, id);
	else
		return refuse_id(c, key, value);
	return OK;
}

enum err
values_read_ids(struct call *c, enum key key, struct ids *ret)
{
	struct text	left = args_text(&c->request.args, key), value;
	enum err	e = OK;
	bool		more = true;

	ret->count = 0;
	ret->unassigned = false;
	for (int count = 0; more && e == OK; count++) {
		if (count == VALUES_MOST)
			return refuse_count(c, key);
		more = values_next(&left, &value);
		e = read_value(c, key, value, ret);
	}
	return e;
}

/* --- names --------------------------------------------------------------- */

/*
 * Mark the codes of the ids that a statement finds for a name, its parameter
 * `key`. A row with NULL means that the name is known but has no ids.
 */
static enum err
want_name(struct call *c, int sql, enum key key, struct text name,
    const struct codes *codes, uint8_t *wanted, bool *ret_known)
{
	struct stmt	st = op_stmt(c, sql);

	*ret_known = false;
	stmt_bind_text(&st, key, name);
	while (stmt_next(&st)) {
		*ret_known = true;
		if (!stmt_is_null(&st, 0))
			values_want(wanted, codes, stmt_number(&st, 0));
	}
	return op_end(c, &st, OK);
}

/* The longest beginning of a text that may be one name. */
static struct text
longest_name(struct text t)
{
	int	commas = 0;

	for (size_t i = 0; i < t.len; i++)
		if (t.base[i] == ',' && commas++ == COMMAS_MOST)
			return (struct text){ t.base, i };
	return t;
}

/* Cut a text at its last comma; false if it has none. */
static bool
cut_last_part(struct text *t)
{
	while (t->len > 0)
		if (t->base[--t->len] == ',')
			return true;
	return false;
}

static enum err
refuse_unknown_name(struct call *c, enum key key, struct text name)
{
	return op_fault(c, FAULT_NOT_FOUND, key,
	    op_refusef(c, ERR_BAD_REQUEST, "%s: there is no \"%.*s\".",
	    key_info(key)->name, value_shown(name), name.base));
}

enum err
values_read_names(struct call *c, enum key key, int sql,
    const struct codes *codes, uint8_t *wanted)
{
	struct text	left = args_text(&c->request.args, key), name;
	enum err	e;
	bool		known;

	for (int count = 0; count < VALUES_MOST; count++) {
		name = longest_name(left);
		do
			e = want_name(c, sql, key, name, codes, wanted,
			    &known);
		while (e == OK && !known && cut_last_part(&name));
		if (e != OK)
			return e;
		if (!known) {
			(void)values_next(&left, &name);
			return refuse_unknown_name(c, key, name);
		}
		if (name.len == left.len)
			return OK;
		left.base += name.len + 1;
		left.len -= name.len + 1;
	}
	return refuse_count(c, key);
}
