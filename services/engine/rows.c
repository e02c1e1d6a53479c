/* The rows that an entry changes. */
#include "services/engine/rows.h"

#include <stdlib.h>

#include "base/log.h"
#include "services/engine/values.h"

struct part {
	struct buf	*columns;
	uint32_t	 count;		/* of rows */
};

struct rows {
	const struct tables	*tables;
	struct part		*changed;	/* a part a table */
	struct part		*gone;
};

static struct part *
new_parts(const struct tables *tables)
{
	struct part	*parts;

	parts = must_alloc((tables->count + 1) * sizeof(*parts));
	for (size_t i = 0; i < tables->count; i++)
		parts[i].columns = must_alloc((size_t)tables->rows[i].count *
		    sizeof(struct buf));
	return parts;
}

static void
free_parts(const struct tables *tables, struct part *parts)
{
	for (size_t i = 0; i < tables->count; i++) {
		for (int k = 0; k < tables->rows[i].count; k++)
			buf_done(&parts[i].columns[k]);
		free(parts[i].columns);
	}
	free(parts);
}

struct rows *
rows_new(const struct tables *tables)
{
	struct rows	*r = must_alloc(sizeof(*r));

	r->tables = tables;
	r->changed = new_parts(tables);
	r->gone = new_parts(tables);
	return r;
}

void
rows_destroy(struct rows **self_p)
{
	struct rows	*r = *self_p;

	if (r == NULL)
		return;
	free_parts(r->tables, r->changed);
	free_parts(r->tables, r->gone);
	free(r);
	*self_p = NULL;
}

/* Append one row. `of`: the column of the table that each value belongs to. */
static bool
add(struct part *p, const struct table *t, const int *of, int count,
    struct sqlite3_value *const *values)
{
	for (int i = 0; i < count; i++) {
		const struct column	*c = &t->columns[of == NULL ? i : of[i]];

		if (p->count == 0)
			array_begin(&p->columns[i], c->type);
		if (!value_put(&p->columns[i], c->type, values[i])) {
			log_error("engine: a value of %s.%s has another type "
			    "than its column", t->name, c->name);
			return false;
		}
	}
	p->count++;
	return true;
}

static bool
add_row(void *arg, const struct table *t, struct sqlite3_value *const *values,
    struct sqlite3_value *const *key)
{
	struct rows	*r = arg;
	size_t		 i = (size_t)(t - r->tables->rows);

	return values != NULL ?
	    add(&r->changed[i], t, NULL, t->count, values) :
	    add(&r->gone[i], t, t->key, t->keys, key);
}

bool
rows_read(struct rows *r, struct patch_each *each, struct text patch)
{
	for (size_t i = 0; i < r->tables->count; i++)
		r->changed[i].count = r->gone[i].count = 0;
	return patch_each(each, patch, add_row, r);
}

static bool
put_arrays(struct part *p, int count, struct params *ret)
{
	ret->count = 0;
	for (int i = 0; i < count && p->count > 0; i++) {
		array_end(&p->columns[i], p->count);
		params_put_bytes(ret, buf_text(&p->columns[i]));
	}
	return p->count > 0;
}

bool
rows_changed(struct rows *r, size_t table, struct params *ret)
{
	return put_arrays(&r->changed[table], r->tables->rows[table].count, ret);
}

bool
rows_gone(struct rows *r, size_t table, struct params *ret)
{
	return put_arrays(&r->gone[table], r->tables->rows[table].keys, ret);
}
