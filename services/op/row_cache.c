/* A hash table of rows; the bytes of all rows are in one buffer. */
#include "services/op/row_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/number.h"
#include "services/op/etag_cache.h"

#define PLACES		16384	/* in the table, a power of two */
#define ROWS_MOST	(PLACES / 2)
#define BYTES_MOST	((size_t)4 << 20)
#define IDS_MOST	5000	/* in one question */

struct cached_row {
	int64_t		id;
	int64_t		tag;
	uint64_t	generation;	/* another: the place is empty */
	size_t		at;		/* of the bytes */
	size_t		len;
};

struct row_cache {
	int64_t		version;	/* of the store they are of */
	uint64_t	generation;	/* of the rows, from 1 on */
	size_t		count;
	struct buf	bytes;
	int64_t		ids[IDS_MOST];	/* of the question */
	struct cached_row	rows[PLACES];
};

struct row_cache *
row_cache_new(void)
{
	struct row_cache	*k = must_alloc(sizeof(*k));

	k->generation = 1;
	return k;
}

void
row_cache_destroy(struct row_cache **self_p)
{
	if (*self_p == NULL)
		return;
	buf_done(&(*self_p)->bytes);
	free(*self_p);
	*self_p = NULL;
}

static bool
is_cached(const struct row_cache *k, const struct cached_row *row)
{
	return row->generation == k->generation;
}

/* The row of an id, or the empty place for it. */
static struct cached_row *
find_place(struct row_cache *k, int64_t id)
{
	size_t	at = (size_t)hash_mix(0, (uint64_t)id) % PLACES;

	while (is_cached(k, &k->rows[at]) && k->rows[at].id != id)
		at = (at + 1) % PLACES;
	return &k->rows[at];
}

static void
forget_all(struct row_cache *k, int64_t version)
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
read_ids(struct row_cache *k, struct text t, size_t *ret_count)
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

/* Cache the row that a run stands at. */
static enum err
cache_row(struct call *c, const struct stmt *st)
{
	struct row_cache	*k = c->session->row_cache;
	struct cached_row	*row;
	enum err	 e;

	c->fragment.len = 0;
	c->answer.tag = 0;
	e = op_put_row(c, st);
	if (e != OK)
		return e;
	row = find_place(k, stmt_number(st, 0));
	k->count += !is_cached(k, row);
	*row = (struct cached_row){ stmt_number(st, 0), c->answer.tag,
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
		e = cache_row(c, &st);
	c->fragment.len = 0;
	c->answer.tag = 0;
	return op_end(c, &st, e);
}

static enum err
make_missing(struct call *c, size_t count)
{
	struct row_cache	*k = c->session->row_cache;
	struct buf	 missing = { 0 };
	enum err	 e = OK;

	for (size_t i = 0; i < count; i++) {
		if (is_cached(k, find_place(k, k->ids[i])))
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
put_cached(struct call *c, size_t count)
{
	const struct row_cache	*k = c->session->row_cache;
	const struct cached_row	*row;

	buf_put_byte(&c->fragment, '[');
	for (size_t i = 0; i < count; i++) {
		row = find_place(c->session->row_cache, k->ids[i]);
		if (!is_cached(k, row))
			continue;	/* no row has this id */
		if (c->fragment.len > 1)
			buf_put_byte(&c->fragment, ',');
		buf_put(&c->fragment, k->bytes.base + row->at, row->len);
		c->answer.tag = c->answer.tag == 0 ? row->tag :
		    op_mix_tags(c->answer.tag, row->tag);
	}
	buf_put_byte(&c->fragment, ']');
}

enum err
row_cache_bulk(struct call *c)
{
	struct row_cache	*k = c->session->row_cache;
	int64_t		 version;
	size_t		 count;
	enum err	 e;

	if (!read_ids(k, args_text(&c->request.args, KEY_IDS), &count))
		return op_bulk(c);
	e = op_version(c, &version);
	if (e != OK)
		return e;
	/* all that this question adds still finds a place */
	if (version != k->version || k->bytes.len > BYTES_MOST ||
	    k->count + count > ROWS_MOST)
		forget_all(k, version);
	e = make_missing(c, count);
	if (e == OK)
		put_cached(c, count);
	return e;
}
