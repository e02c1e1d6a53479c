/* A hash table of rows, whose bytes lie one behind the other. */
#include "services/op/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"
#include "services/op/known.h"

#define PLACES		16384	/* in the table, a power of two */
#define ROWS_MOST	(PLACES / 2)
#define BYTES_MOST	((size_t)4 << 20)
#define IDS_MOST	5000	/* in one question */

struct kept_row {
	int64_t		id;
	int64_t		tag;
	uint64_t	generation;	/* another one: there is none here */
	size_t		at;		/* of the bytes */
	size_t		len;
};

struct kept {
	int64_t		version;	/* of the store they are of */
	uint64_t	generation;	/* of the rows, from 1 on */
	size_t		count;
	struct buf	bytes;
	int64_t		ids[IDS_MOST];	/* of the question */
	struct kept_row	rows[PLACES];
};

struct kept *
kept_new(void)
{
	struct kept	*k = must_alloc(sizeof(*k));

	k->generation = 1;
	return k;
}

void
kept_destroy(struct kept **self_p)
{
	if (*self_p == NULL)
		return;
	buf_done(&(*self_p)->bytes);
	free(*self_p);
	*self_p = NULL;
}

static bool
is_there(const struct kept *k, const struct kept_row *row)
{
	return row->generation == k->generation;
}

/* The row of an id, or the place for it. */
static struct kept_row *
find_row(struct kept *k, int64_t id)
{
	size_t	at = (size_t)hash_mix(0, (uint64_t)id) % PLACES;

	while (is_there(k, &k->rows[at]) && k->rows[at].id != id)
		at = (at + 1) % PLACES;
	return &k->rows[at];
}

static void
forget_all(struct kept *k, int64_t version)
{
	k->generation++;
	k->count = 0;
	if (k->bytes.size > 2 * BYTES_MOST)
		buf_done(&k->bytes);
	k->bytes.len = 0;
	k->version = version;
}

/* --- ids ------------------------------------------------------------------- */

/* "12," or, at the end, "12]"; 0, which no row has, if it is anything else. */
static int64_t
take_array_id(struct text *t)
{
	int64_t	id;

	/* JSON has no numbers that begin with a 0 */
	if (t->len == 0 || t->base[0] == '0' ||
	    number_take(t, &id) != NUMBER_FITS)
		return 0;
	if (t->len == 0 || *t->base != (t->len == 1 ? ']' : ','))
		return 0;
	t->base++;
	t->len--;
	return id;
}

static int
compare_ids(const void *a, const void *b)
{
	int64_t	one = *(const int64_t *)a, other = *(const int64_t *)b;

	return (one > other) - (one < other);
}

/* Each once, in order. False if it is not as simple as gateways put it. */
static bool
read_ids(struct kept *k, struct text t, size_t *ret_count)
{
	size_t	count = 0, to = 0;

	if (t.len < 3 || t.base[0] != '[' || t.base[t.len - 1] != ']')
		return false;
	t.base++;
	t.len--;
	while (t.len > 0 && count < IDS_MOST) {
		k->ids[count] = take_array_id(&t);
		if (k->ids[count++] == 0)
			return false;
	}
	if (t.len > 0)
		return false;
	qsort(k->ids, count, sizeof(k->ids[0]), compare_ids);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || k->ids[i] != k->ids[i - 1])
			k->ids[to++] = k->ids[i];
	*ret_count = to;
	return true;
}

/* --- rows ------------------------------------------------------------------ */

/* Keep the row that a run stands at. */
static enum err
keep_row(struct call *c, const struct stmt *st)
{
	struct kept	*k = c->lane->kept;
	struct kept_row	*row;
	enum err	 e;

	c->fragment.len = 0;
	c->answer.tag = 0;
	e = op_put_row(c, st);
	if (e != OK)
		return e;
	row = find_row(k, stmt_number(st, 0));
	k->count += !is_there(k, row);
	*row = (struct kept_row){ stmt_number(st, 0), c->answer.tag,
	    k->generation, k->bytes.len, c->fragment.len };
	buf_put(&k->bytes, c->fragment.base, c->fragment.len);
	return OK;
}

/* Have the rows of these ids made. */
static enum err
make_rows(struct call *c, struct text ids)
{
	struct stmt	st = op_stmt(c, c->op->sql);
	enum err	e = OK;

	stmt_bind_text(&st, KEY_IDS, ids);
	while (e == OK && stmt_next(&st))
		e = keep_row(c, &st);
	c->fragment.len = 0;
	c->answer.tag = 0;
	return op_end(c, &st, e);
}

static enum err
make_missing(struct call *c, size_t count)
{
	struct kept	*k = c->lane->kept;
	struct buf	 missing = { 0 };
	enum err	 e = OK;

	for (size_t i = 0; i < count; i++) {
		if (is_there(k, find_row(k, k->ids[i])))
			continue;
		buf_put_byte(&missing, missing.len == 0 ? '[' : ',');
		json_put_number(&missing, k->ids[i]);
	}
	if (missing.len > 0) {
		buf_put_byte(&missing, ']');
		e = make_rows(c, buf_text(&missing));
	}
	buf_done(&missing);
	return e;
}

static void
put_rows(struct call *c, size_t count)
{
	const struct kept	*k = c->lane->kept;
	const struct kept_row	*row;

	buf_put_byte(&c->fragment, '[');
	for (size_t i = 0; i < count; i++) {
		row = find_row(c->lane->kept, k->ids[i]);
		if (!is_there(k, row))
			continue;	/* nobody has it */
		if (c->fragment.len > 1)
			buf_put_byte(&c->fragment, ',');
		buf_put(&c->fragment, k->bytes.base + row->at, row->len);
		c->answer.tag = c->answer.tag == 0 ? row->tag :
		    op_mix_tags(c->answer.tag, row->tag);
	}
	buf_put_byte(&c->fragment, ']');
}

enum err
kept_bulk(struct call *c)
{
	struct kept	*k = c->lane->kept;
	int64_t		 version;
	size_t		 count;
	enum err	 e;

	if (!read_ids(k, args_text(&c->request.args, KEY_IDS), &count))
		return op_bulk(c);
	e = known_version(c, &version);
	if (e != OK)
		return e;
	/* all that this question adds still finds a place */
	if (version != k->version || k->bytes.len > BYTES_MOST ||
	    k->count + count > ROWS_MOST)
		forget_all(k, version);
	e = make_missing(c, count);
	if (e == OK)
		put_rows(c, count);
	return e;
}
