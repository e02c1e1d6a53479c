/*
 * Filters. Each becomes an array that says of every code whether it is
 * wanted, so that a ticket is judged by a few look-ups.
 */
#include "services/ticket/list/filter.h"

#include <stdlib.h>

#include "services/ticket/ticket.h"

#define SAID_MOST	80	/* bytes of a value that a message repeats */
#define VALUES_MOST	100	/* in one parameter */
#define RANGES_MOST	256	/* looked at to find few */
#define COMMAS_MOST	8	/* in one name */

/* Called with each id of a list: `me` is a number, `unassigned` code 0. */
typedef enum err take_id(struct call *, struct columns *, uint8_t *wanted,
    int64_t id);

static int
said(struct text value)
{
	return value.len > SAID_MOST ? SAID_MOST : (int)value.len;
}

/* The text up to the next comma, which is taken away. */
static struct text
next_value(struct text *left)
{
	struct text	 one = *left;
	const char	*comma = left->len == 0 ? NULL :
			    memchr(left->base, ',', left->len);

	if (comma != NULL)
		one.len = (size_t)(comma - one.base);
	left->base += one.len + (comma != NULL);
	left->len -= one.len + (comma != NULL);
	return one;
}

/* --- ids ----------------------------------------------------------------- */

/* A number beyond 64 bits is the id of nothing. */
static bool
read_id(struct text t, int64_t *ret)
{
	bool	beyond = false;

	*ret = 0;
	for (size_t i = 0; i < t.len; i++) {
		if (t.base[i] < '0' || t.base[i] > '9')
			return false;
		beyond = beyond || __builtin_mul_overflow(*ret, 10, ret) ||
		    __builtin_add_overflow(*ret, t.base[i] - '0', ret);
	}
	if (beyond)
		*ret = INT64_MAX;
	return t.len > 0;
}

static bool
is_word(struct text t, const char *word)
{
	return t.len == strlen(word) && memcmp(t.base, word, t.len) == 0;
}

/* What may stand beside numbers in a list of ids. */
static bool
is_of_users(enum key key)
{
	return key == KEY_ASSIGNED_IDS || key == KEY_CREATED_IDS ||
	    key == KEY_USER_IDS || key == KEY_SUBSCRIBER_IDS;
}

static enum err
refuse_id(struct call *c, enum key key, struct text value)
{
	return op_refusef(c, ERR_BAD_REQUEST, "%s: \"%.*s\" is not an id. Give "
	    "numbers with commas between%s%s.", key_info(key)->name,
	    said(value), value.base, is_of_users(key) ?
	    ", or `me`" : "", key == KEY_ASSIGNED_IDS ?
	    ", or `unassigned`" : "");
}

static enum err
refuse_many(struct call *c, enum key key)
{
	return op_refusef(c, ERR_BAD_REQUEST, "%s: more than %d values.",
	    key_info(key)->name, VALUES_MOST);
}

static bool
is_among(int64_t id, const int64_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static enum err
read_ids(struct call *c, struct columns *k, enum key key, uint8_t *wanted,
    take_id *take)
{
	struct text	left = args_text(&c->request.args, key), value;
	int64_t		id, seen[VALUES_MOST];
	enum err	e = OK;
	bool		more;

	for (size_t count = 0; ; count++) {
		if (count == VALUES_MOST)
			return refuse_many(c, key);
		more = left.len > 0 &&
		    memchr(left.base, ',', left.len) != NULL;
		value = next_value(&left);
		id = INT64_MIN;
		if (is_word(value, "me") && is_of_users(key))
			id = c->request.actor;
		else if (is_word(value, "unassigned") &&
		    key == KEY_ASSIGNED_IDS)
			wanted[0] = 1;
		else if (!read_id(value, &id))
			return refuse_id(c, key, value);
		if (id != INT64_MIN && !is_among(id, seen, count))
			e = take(c, k, wanted, id);
		if (!more || e != OK)
			return e;
		seen[count] = id;
	}
}

static void
want(uint8_t *wanted, const struct codes *codes, int64_t id)
{
	uint32_t	code = codes_find(codes, id);

	if (code != 0)
		wanted[code] = 1;
}

static enum err
take_status(struct call *c, struct columns *k, uint8_t *wanted, int64_t id)
{
	(void)c;
	want(wanted, &k->codes[CODE_STATUS], id);
	return OK;
}

static enum err
take_priority(struct call *c, struct columns *k, uint8_t *wanted, int64_t id)
{
	(void)c;
	want(wanted, &k->codes[CODE_PRIORITY], id);
	return OK;
}

static enum err
take_category(struct call *c, struct columns *k, uint8_t *wanted, int64_t id)
{
	(void)c;
	want(wanted, &k->codes[CODE_CATEGORY], id);
	return OK;
}

static enum err
take_user(struct call *c, struct columns *k, uint8_t *wanted, int64_t id)
{
	(void)c;
	want(wanted, &k->codes[CODE_USER], id);
	return OK;
}

/* A department is its categories. */
static enum err
take_department(struct call *c, struct columns *k, uint8_t *wanted, int64_t id)
{
	sqlite3_stmt	*st = op_statement(c, SQL_CATEGORIES_OF_DEPARTMENT);
	enum err	 e, done;

	sqlite3_bind_int64(st, 1, id);
	while (op_step(c, st, &e) == SQLITE_ROW)
		want(wanted, &k->codes[CODE_CATEGORY],
		    sqlite3_column_int64(st, 0));
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
take_subscriber(struct call *c, struct columns *k, uint8_t *wanted, int64_t id)
{
	sqlite3_stmt	*st = op_statement(c, SQL_TICKETS_OF_SUBSCRIBER);
	struct slot	*slot;
	enum err	 e, done;

	sqlite3_bind_int64(st, 1, id);
	while (op_step(c, st, &e) == SQLITE_ROW) {
		slot = slot_find(k, sqlite3_column_int64(st, 0));
		if (slot != NULL)
			wanted[slot - k->slots] = 1;
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

/* --- names --------------------------------------------------------------- */

/*
 * The ids that have this name, as codes; NULL is the id of a name that is
 * known and has nothing.
 */
static enum err
want_named(struct call *c, const struct codes *codes, int sql,
    struct text name, uint8_t *wanted, bool *ret_known)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e, done;

	*ret_known = false;
	sqlite3_bind_text(st, 1, name.base, (int)name.len, SQLITE_STATIC);
	while (op_step(c, st, &e) == SQLITE_ROW) {
		*ret_known = true;
		if (sqlite3_column_type(st, 0) != SQLITE_NULL)
			want(wanted, codes, sqlite3_column_int64(st, 0));
	}
	done = op_done(c, st);
	return e != OK ? e : done;
}

/* As much of a text as a name can be. */
static struct text
longest_name(struct text t)
{
	int	commas = 0;

	for (size_t i = 0; i < t.len; i++)
		if (t.base[i] == ',' && commas++ == COMMAS_MOST)
			return (struct text){ t.base, i };
	return t;
}

/* A shorter beginning of a text, up to a comma; false if there is none. */
static bool
shorten(struct text *t)
{
	while (t->len > 0)
		if (t->base[--t->len] == ',')
			return true;
	return false;
}

/*
 * Names with commas between. As a name may have a comma itself, each is the
 * longest that is known.
 */
static enum err
read_names(struct call *c, const struct codes *codes, enum key key, int sql,
    uint8_t *wanted)
{
	struct text	left = args_text(&c->request.args, key), name;
	enum err	e;
	bool		known;

	for (int count = 0; count < VALUES_MOST; count++) {
		name = longest_name(left);
		do
			e = want_named(c, codes, sql, name, wanted, &known);
		while (e == OK && !known && shorten(&name));
		if (e != OK)
			return e;
		if (!known) {
			name = next_value(&left);
			return op_refusef(c, ERR_BAD_REQUEST, "%s: there is "
			    "no \"%.*s\".", key_info(key)->name, said(name),
			    name.base);
		}
		if (name.len == left.len)
			return OK;
		left.base += name.len + 1;
		left.len -= name.len + 1;
	}
	return refuse_many(c, key);
}

/* --- all of them --------------------------------------------------------- */

/* What is wanted by two filters of the same things must be so by both. */
static void
narrow(uint8_t **have, uint8_t *wanted, size_t count)
{
	if (*have == NULL) {
		*have = wanted;
		return;
	}
	for (size_t i = 0; i < count; i++)
		(*have)[i] &= wanted[i];
	free(wanted);
}

static const struct {
	enum key	 key;
	enum code_kind	 kind;
	take_id		*take;	/* of ids; NULL: they are names, and ... */
	int		 sql;	/* ... this finds their ids */
} code_filters[] = {
	{ KEY_STATUS, CODE_STATUS, NULL, SQL_STATUS_OF_NAME },
	{ KEY_STATUS_IDS, CODE_STATUS, take_status, 0 },
	{ KEY_PRIORITY_IDS, CODE_PRIORITY, take_priority, 0 },
	{ KEY_DEPARTMENT, CODE_CATEGORY, NULL, SQL_CATEGORIES_OF_NAMED },
	{ KEY_DEPARTMENT_IDS, CODE_CATEGORY, take_department, 0 },
	{ KEY_CATEGORY, CODE_CATEGORY, NULL, SQL_CATEGORY_OF_NAME },
	{ KEY_CATEGORY_IDS, CODE_CATEGORY, take_category, 0 },
	{ KEY_CREATED_IDS, CODE_USER, take_user, 0 },
	{ KEY_ASSIGNED_IDS, CODE_USER, take_user, 0 },
	{ KEY_USER_IDS, CODE_USER, take_user, 0 },
};

/* Where the filter of a key is kept. */
static uint8_t **
filter_of(struct filter *f, enum key key, enum code_kind kind)
{
	if (key == KEY_ASSIGNED_IDS)
		return &f->assigned;
	return key == KEY_USER_IDS ? &f->either : &f->codes[kind];
}

static enum err
read_codes(struct call *c, struct columns *k, struct filter *f)
{
	enum err	e = OK;

	for (size_t i = 0; i < sizeof(code_filters) / sizeof(code_filters[0]) &&
	    e == OK; i++) {
		enum key	 key = code_filters[i].key;
		enum code_kind	 kind = code_filters[i].kind;
		uint32_t	 count = k->codes[kind].count;
		uint8_t		*wanted;

		if (!args_has(&c->request.args, key))
			continue;
		wanted = must_alloc(count + 1);
		if (code_filters[i].take != NULL)
			e = read_ids(c, k, key, wanted, code_filters[i].take);
		else
			e = read_names(c, &k->codes[kind], key,
			    code_filters[i].sql, wanted);
		narrow(filter_of(f, key, kind), wanted, count);
		f->any = true;
	}
	return e;
}

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
	return op_refusef(c, ERR_BAD_REQUEST, "%s: \"%.*s\" is not a date. "
	    "Write 2024-05-31, 2024-05-31T12:30 or 2024-05-31T12:30:00+02:00.",
	    key_info(key)->name, said(value), value.base);
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

enum err
filter_read(struct call *c, struct columns *k, struct filter *f)
{
	enum err	e;

	*f = (struct filter){ 0 };
	e = read_dates(c, f);
	if (e == OK)
		e = read_codes(c, k, f);
	if (e != OK || !args_has(&c->request.args, KEY_SUBSCRIBER_IDS))
		return e;
	f->any = true;
	f->subscribed = must_alloc(k->count + 1);
	return read_ids(c, k, KEY_SUBSCRIBER_IDS, f->subscribed,
	    take_subscriber);
}

void
filter_done(struct filter *f)
{
	for (int kind = 0; kind < CODE_END; kind++)
		free(f->codes[kind]);
	free(f->assigned);
	free(f->either);
	free(f->subscribed);
}

/* A date that is not there is neither since nor before anything. */
static bool
is_between(int64_t date, int64_t since, int64_t before)
{
	if (since == INT64_MIN && before == INT64_MAX)
		return true;
	return date != INT64_MIN && date >= since && date < before;
}

static bool
is_wanted(const uint8_t *wanted, uint32_t code)
{
	return wanted == NULL || wanted[code] != 0;
}

bool
filter_passes(const struct filter *f, const struct columns *k, size_t at)
{
	const struct slot	*s = &k->slots[at];

	return is_wanted(f->codes[CODE_STATUS], s->status) &&
	    is_wanted(f->codes[CODE_PRIORITY], s->priority) &&
	    is_wanted(f->codes[CODE_CATEGORY], s->category) &&
	    is_wanted(f->codes[CODE_USER], s->author) &&
	    is_wanted(f->assigned, s->assigned) &&
	    (is_wanted(f->either, s->author) ||
	    is_wanted(f->either, s->assigned)) &&
	    is_between(s->added, f->added_since, f->added_before) &&
	    is_between(s->updated, f->updated_since, f->updated_before) &&
	    (f->subscribed == NULL || f->subscribed[at] != 0);
}

/* --- few ----------------------------------------------------------------- */

/* Parts of orders that have all that pass one of the filters. */
struct ranges {
	struct range {
		enum sort	sort;
		size_t		from;
		size_t		to;
	}	range[RANGES_MOST];
	size_t	count;
	size_t	slots;		/* SIZE_MAX: too many to tell */
};

/* Of keys from one up to and with another. */
static void
add_range(struct columns *k, struct ranges *rs, enum sort sort, uint64_t from,
    uint64_t to)
{
	const struct order	*o = columns_order(k, sort);
	struct range		 r = { .sort = sort };

	if (rs->slots > FEW_MOST || rs->count == RANGES_MOST) {
		rs->slots = SIZE_MAX;
		return;
	}
	r.from = order_lower(o, k, sort, from, 0);
	r.to = order_lower(o, k, sort, to, UINT32_MAX);
	if (r.to <= r.from)
		return;
	rs->range[rs->count++] = r;
	rs->slots += r.to - r.from;
}

static void
add_codes(struct columns *k, struct ranges *rs, enum sort sort,
    const uint8_t *wanted, enum code_kind kind)
{
	for (uint32_t code = 0; code < k->codes[kind].count; code++) {
		struct slot	like = { .status = code, .priority = code,
				    .category = code, .author = code,
				    .assigned = code };
		uint64_t	key;

		if (wanted[code] == 0)
			continue;
		key = slot_key(k, sort, &like);
		add_range(k, rs, sort, key, key);
	}
}

/* Keep what leaves least. */
static void
keep_less(struct ranges *least, const struct ranges *rs)
{
	if (rs->slots < least->slots)
		*least = *rs;
}

static void
try_codes(struct columns *k, struct ranges *least, const uint8_t *wanted,
    enum code_kind kind, enum sort sort, enum sort other)
{
	struct ranges	rs;

	if (wanted == NULL)
		return;
	rs.count = rs.slots = 0;
	add_codes(k, &rs, sort, wanted, kind);
	if (other != sort)
		add_codes(k, &rs, other, wanted, kind);
	keep_less(least, &rs);
}

static void
try_dates(struct columns *k, struct ranges *least, enum sort sort,
    int64_t since, int64_t before)
{
	struct ranges	rs;
	struct slot	one = { .added = since, .updated = since };
	struct slot	other = { .added = before, .updated = before };

	if (since == INT64_MIN && before == INT64_MAX)
		return;
	rs.count = rs.slots = 0;
	add_range(k, &rs, sort, slot_key(k, sort, &one),
	    slot_key(k, sort, &other));
	keep_less(least, &rs);
}

/* Those of some ranges that pass; they may be in several. */
static void
take_ranges(struct columns *k, const struct filter *f,
    const struct ranges *rs, uint32_t *few, size_t *ret_count)
{
	uint64_t	*seen = must_alloc((k->count / 64 + 1) *
			    sizeof(seen[0]));

	*ret_count = 0;
	for (size_t i = 0; i < rs->count; i++) {
		const struct range	*r = &rs->range[i];
		const struct order	*o = columns_order(k, r->sort);
		struct order_place	 p = order_place(o, r->from);

		for (size_t n = r->from; n < r->to; n++, order_next(o, &p)) {
			uint32_t	slot = order_slot(o, p);
			uint64_t	bit = UINT64_C(1) << slot % 64;

			if ((seen[slot / 64] & bit) != 0 ||
			    !filter_passes(f, k, slot))
				continue;
			seen[slot / 64] |= bit;
			few[(*ret_count)++] = slot;
		}
	}
	free(seen);
}

/* Those of the subscribers that pass; false: they are not few. */
static bool
take_subscribed(const struct columns *k, const struct filter *f,
    uint32_t *few, size_t *ret_count)
{
	const uint8_t	*at = f->subscribed, *end = at + k->count;
	size_t		 looked = 0;

	*ret_count = 0;
	while (at < end &&
	    (at = memchr(at, 1, (size_t)(end - at))) != NULL) {
		size_t	slot = (size_t)(at++ - f->subscribed);

		if (looked++ == FEW_MOST)
			return false;
		if (filter_passes(f, k, slot))
			few[(*ret_count)++] = (uint32_t)slot;
	}
	return true;
}

bool
filter_few(struct columns *k, const struct filter *f, uint32_t **ret,
    size_t *ret_count)
{
	struct ranges	least = { .slots = SIZE_MAX };
	uint32_t	*few = must_alloc((FEW_MOST + 1) * sizeof(few[0]));
	bool		 are = true;

	*ret = few;
	if (f->subscribed != NULL && take_subscribed(k, f, few, ret_count))
		return true;
	try_codes(k, &least, f->codes[CODE_STATUS], CODE_STATUS, SORT_STATUS,
	    SORT_STATUS);
	try_codes(k, &least, f->codes[CODE_PRIORITY], CODE_PRIORITY,
	    SORT_PRIORITY, SORT_PRIORITY);
	try_codes(k, &least, f->codes[CODE_CATEGORY], CODE_CATEGORY,
	    SORT_CATEGORY, SORT_CATEGORY);
	try_codes(k, &least, f->codes[CODE_USER], CODE_USER, SORT_AUTHOR,
	    SORT_AUTHOR);
	try_codes(k, &least, f->assigned, CODE_USER, SORT_ASSIGNED,
	    SORT_ASSIGNED);
	try_codes(k, &least, f->either, CODE_USER, SORT_AUTHOR,
	    SORT_ASSIGNED);
	try_dates(k, &least, SORT_ADDED, f->added_since, f->added_before);
	try_dates(k, &least, SORT_UPDATED, f->updated_since,
	    f->updated_before);
	are = least.slots <= FEW_MOST;
	if (are)
		take_ranges(k, f, &least, few, ret_count);
	else {
		free(few);
		*ret = NULL;
	}
	return are;
}
