/* The filter of a list: reading it, and which tickets pass it. */
#include "services/ticket/list/filter.h"

#include <stdlib.h>

#include "services/ticket/list/date.h"
#include "services/ticket/list/values.h"
#include "services/ticket/ticket.h"

/* --- codes --------------------------------------------------------------- */

static const struct code_filter {
	enum key	 key;
	enum code_kind	 kind;
	int		 names;		/* finds ids by a name; SQL_NONE: the
					 * values are ids */
	bool		 departments;	/* the ids are of departments */
} code_filters[] = {
	{ KEY_STATUS, CODE_STATUS, .names = SQL_STATUS_OF_NAME },
	{ KEY_STATUS_IDS, CODE_STATUS },
	{ KEY_PRIORITY_IDS, CODE_PRIORITY },
	{ KEY_DEPARTMENT, CODE_CATEGORY, .names = SQL_CATEGORIES_OF_NAMED },
	{ KEY_DEPARTMENT_IDS, CODE_CATEGORY,
	    .departments = true },
	{ KEY_CATEGORY, CODE_CATEGORY, .names = SQL_CATEGORY_OF_NAME },
	{ KEY_CATEGORY_IDS, CODE_CATEGORY },
	{ KEY_CREATED_IDS, CODE_USER },
	{ KEY_ASSIGNED_IDS, CODE_USER },
	{ KEY_USER_IDS, CODE_USER },
};
#define CODE_FILTERS	(sizeof(code_filters) / sizeof(code_filters[0]))

/* A department is its categories. */
static enum err
want_department(struct call *c, int64_t id, const struct codes *codes,
    uint8_t *wanted)
{
	struct stmt	st = op_stmt(c, SQL_CATEGORIES_OF_DEPARTMENT);

	stmt_bind_number(&st, KEY_DEPARTMENT_ID, id);
	while (stmt_next(&st))
		values_want(wanted, codes, stmt_number(&st, 0));
	return op_end(c, &st, OK);
}

static enum err
want_ids(struct call *c, const struct code_filter *row,
    const struct codes *codes, uint8_t *wanted)
{
	struct ids	ids;
	enum err	e = values_read_ids(c, row->key, &ids);

	if (e != OK)
		return e;
	wanted[0] = ids.unassigned;
	for (size_t i = 0; i < ids.count && e == OK; i++)
		if (row->departments)
			e = want_department(c, ids.id[i], codes, wanted);
		else
			values_want(wanted, codes, ids.id[i]);
	return e;
}

/* The array of a filter that an argument is for. */
static uint8_t **
wanted_array(struct filter *f, const struct code_filter *row)
{
	if (row->key == KEY_ASSIGNED_IDS)
		return &f->assigned;
	return row->key == KEY_USER_IDS ? &f->either : &f->codes[row->kind];
}

static enum err
read_code_filter(struct call *c, const struct columns *k,
    const struct code_filter *row, struct filter *f)
{
	const struct codes	*codes = &k->codes[row->kind];
	uint8_t			*wanted = must_alloc(codes->count + 1);
	enum err		 e;

	e = row->names == SQL_NONE ? want_ids(c, row, codes, wanted) :
	    values_read_names(c, row->key, row->names, codes, wanted);
	/* two parameters may be for the same codes: both must name them */
	values_narrow(wanted_array(f, row), wanted, codes->count);
	f->any = true;
	return e;
}

static enum err
read_code_filters(struct call *c, const struct columns *k, struct filter *f)
{
	const struct code_filter	*row = code_filters;
	enum err			 e = OK;

	for (; row < code_filters + CODE_FILTERS && e == OK; row++)
		if (args_has(&c->request.args, row->key))
			e = read_code_filter(c, k, row, f);
	return e;
}

/* --- subscribers --------------------------------------------------------- */

static enum err
want_tickets_of(struct call *c, const struct columns *k, int64_t user,
    uint8_t *wanted)
{
	struct stmt		 st = op_stmt(c, SQL_TICKETS_OF_SUBSCRIBER);
	const struct slot	*slot;

	stmt_bind_number(&st, KEY_USER_ID, user);
	while (stmt_next(&st)) {
		slot = slot_find(k, stmt_number(&st, 0));
		if (slot != NULL)
			wanted[slot - k->slots] = 1;
	}
	return op_end(c, &st, OK);
}

static enum err
read_subscribers(struct call *c, const struct columns *k, struct filter *f)
{
	struct ids	ids;
	enum err	e;

	if (!args_has(&c->request.args, KEY_SUBSCRIBER_IDS))
		return OK;
	f->any = true;
	f->chosen = must_alloc(k->count + 1);
	e = values_read_ids(c, KEY_SUBSCRIBER_IDS, &ids);
	if (e != OK)
		return e;
	for (size_t i = 0; i < ids.count && e == OK; i++)
		e = want_tickets_of(c, k, ids.id[i], f->chosen);
	return e;
}

/* --- dates --------------------------------------------------------------- */

static enum err
read_date(struct call *c, enum key key, int64_t dflt, int64_t *ret, bool *any)
{
	struct text	value = args_text(&c->request.args, key);

	*ret = dflt;
	if (!args_has(&c->request.args, key))
		return OK;
	*any = true;
	if (date_read(value, ret))
		return OK;
	return op_fault(c, FAULT_INVALID, key,
	    op_refusef(c, ERR_BAD_REQUEST, "%s: \"%.*s\" is not a date. "
	    "Write 2024-05-31, 2024-05-31T12:30, 2024-05-31T12:30:00+02:00 or "
	    "Fri, 31 May 2024 12:30:00 GMT.",
	    key_info(key)->name, value_shown(value), value.base));
}

static enum err
read_dates(struct call *c, struct filter *f)
{
	enum err	e;

	e = read_date(c, KEY_ADDED_SINCE, INT64_MIN, &f->added_since,
	    &f->any);
	if (e == OK)
		e = read_date(c, KEY_ADDED_BEFORE, INT64_MAX,
		    &f->added_before, &f->any);
	if (e == OK)
		e = read_date(c, KEY_UPDATED_SINCE, INT64_MIN,
		    &f->updated_since, &f->any);
	if (e == OK)
		e = read_date(c, KEY_UPDATED_BEFORE, INT64_MAX,
		    &f->updated_before, &f->any);
	return e;
}

/* --- all of them --------------------------------------------------------- */

enum err
filter_read(struct call *c, const struct columns *k, struct filter *ret)
{
	enum err	e;

	*ret = (struct filter){ 0 };
	e = read_dates(c, ret);
	if (e == OK)
		e = read_code_filters(c, k, ret);
	if (e == OK)
		e = read_subscribers(c, k, ret);
	return e;
}

void
filter_done(struct filter *f)
{
	for (int kind = 0; kind < CODE_END; kind++)
		free(f->codes[kind]);
	free(f->assigned);
	free(f->either);
	free(f->chosen);
}

static bool
wants_dates(const struct filter *f)
{
	return f->added_since != INT64_MIN || f->added_before != INT64_MAX ||
	    f->updated_since != INT64_MIN || f->updated_before != INT64_MAX;
}

bool
filter_needs_slots(const struct filter *f)
{
	return f->codes[CODE_USER] != NULL || f->either != NULL ||
	    f->chosen != NULL || wants_dates(f);
}

bool
filter_has_values(const struct filter *f)
{
	bool	has = f->assigned != NULL || f->either != NULL || wants_dates(f);

	for (int kind = 0; kind < CODE_END; kind++)
		has = has || f->codes[kind] != NULL;
	return has;
}

/* A ticket without the date does not pass a filter of it. */
static bool
has_date(int64_t date, int64_t since, int64_t before)
{
	if (since == INT64_MIN && before == INT64_MAX)
		return true;
	return date != INT64_MIN && date >= since && date < before;
}

static bool
wants_code(const uint8_t *wanted, uint32_t code)
{
	return wanted == NULL || wanted[code] != 0;
}

bool
filter_passes(const struct filter *f, const struct columns *k, size_t at)
{
	const struct slot	*s = &k->slots[at];

	return wants_code(f->codes[CODE_STATUS], s->status) &&
	    wants_code(f->codes[CODE_PRIORITY], s->priority) &&
	    wants_code(f->codes[CODE_CATEGORY], s->category) &&
	    wants_code(f->codes[CODE_USER], s->author) &&
	    wants_code(f->assigned, s->assigned) &&
	    (wants_code(f->either, s->author) ||
	    wants_code(f->either, s->assigned)) &&
	    has_date(s->added, f->added_since, f->added_before) &&
	    has_date(s->updated, f->updated_since, f->updated_before) &&
	    (f->chosen == NULL || f->chosen[at] != 0);
}
