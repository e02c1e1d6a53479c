/* Shapes: compiled once, then text and values in turn for each row. */
#include "services/op/shape.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/percent.h"
#include "services/store/store.h"

#define VALUES_MOST	64	/* of a shape */

/*
 * One value, and the text around it. The texts are pieces (make_piece()):
 * allocated in whole blocks, of which some bytes behind the text are copied,
 * too.
 */
struct step {
	enum member_kind	 kind;
	int			 column;
	size_t			 same;		/* the first step that writes
						 * this column as digits;
						 * itself, if no other does */
	bool			 has_value;	/* a LINK may have none in it */
	struct buf		 head;		/* up to the value */
	struct buf		 tail;		/* of a LINK: after it */
	struct buf		 absent;	/* all there is without a value */
};

struct shape_plan {
	struct step	*steps;
	size_t		 count;
	struct buf	 after;		/* behind the last value */
};

static int
find_column(const struct shape *shape, const struct member *m,
    const struct stmt *st, const char *statement_name)
{
	const char	*name = m->column != NULL ? m->column : m->name;
	int		 column = stmt_find(st, name);

	if (column != -1)
		return column;
	log_fatal("shape %s, member %s: statement %s has no column %s",
	    shape->name, m->name, statement_name, name);
}

static void
put_url_part(struct buf *b, enum placeholder root, const char *part,
    size_t len)
{
	buf_put_byte(b, '"');
	buf_put_byte(b, (char)root);
	buf_put(b, part, len);
}

static void
compile_link(struct step *step, const struct member *m)
{
	const char	*percent = strchr(m->url, '%');

	if (percent != NULL) {
		put_url_part(&step->head, m->root, m->url,
		    (size_t)(percent - m->url));
		buf_put_text(&step->tail, percent + 1);
		step->has_value = true;
	} else
		put_url_part(&step->head, m->root, m->url, strlen(m->url));
	buf_put_byte(&step->tail, '"');
	if (m->may_be_null) {
		buf_put_text(&step->absent, "null");
		return;
	}
	if (m->absent != NULL)
		put_url_part(&step->absent, m->root, m->absent,
		    strlen(m->absent));
	else
		put_url_part(&step->absent, m->root, m->url,
		    strcspn(m->url, "%"));
	buf_put_byte(&step->absent, '"');
}

/* What a member has whose column is NULL. */
static const char *
empty_value(const struct member *m)
{
	static const char *const	empty[] = {
		[SHAPE_INT] = "0", [SHAPE_TEXT] = "\"\"",
		[SHAPE_DATE] = "\"Thu, 01 Jan 1970 00:00:00 GMT\"",
		[SHAPE_JSON] = "{}", [SHAPE_NAMES] = "[]",
		[SHAPE_HOURS] = "0.00", [SHAPE_BOOL] = "false"
	};

	if (m->kind == SHAPE_UNKNOWN)
		return "\"unknown\"";
	return m->may_be_null ? "null" : empty[m->kind];
}

/* Copies of a piece are made in blocks. */
#define BLOCK	16

static void
make_piece(struct buf *b)
{
	static const char	zeros[BLOCK];
	size_t			len = b->len;

	buf_put(b, zeros, sizeof(zeros));
	b->len = len;
}

static inline void
put_piece(struct buf *b, const struct buf *piece)
{
	char	*to;

	buf_reserve(b, piece->len + BLOCK);
	to = b->base + b->len;
	for (size_t at = 0; at < piece->len; at += BLOCK)
		memcpy(to + at, piece->base + at, BLOCK);
	b->len += piece->len;
}

static bool
is_digits(enum member_kind kind)
{
	return kind == SHAPE_INT || kind == SHAPE_LINK;
}

/* The ids that links are made of are numbers which stand beside them, too. */
static size_t
find_same(const struct shape_plan *plan, size_t at)
{
	const struct step	*step = &plan->steps[at];

	for (size_t i = 0; i < at && is_digits(step->kind); i++)
		if (plan->steps[i].column == step->column &&
		    is_digits(plan->steps[i].kind) &&
		    plan->steps[i].has_value && step->has_value)
			return i;
	return at;
}

static void
make_pieces(struct shape_plan *plan, const struct shape *shape)
{
	struct step	*step = plan->steps;

	if (plan->count > VALUES_MOST)
		log_fatal("shape %s has more than %d values", shape->name,
		    VALUES_MOST);
	for (size_t i = 0; i < plan->count; i++, step++) {
		step->has_value = step->has_value || step->kind != SHAPE_LINK;
		step->same = find_same(plan, i);
		make_piece(&step->head);
		make_piece(&step->tail);
		make_piece(&step->absent);
	}
	make_piece(&plan->after);
}

/* A link that is the same for every row is text, not a value. */
static bool
is_constant(const struct member *m)
{
	return m->kind == SHAPE_LINK && m->column == NULL &&
	    strchr(m->url, '%') == NULL;
}

static void
compile_value(struct shape_plan *plan, const struct shape *shape,
    const struct member *m, const struct stmt *st, const char *statement_name)
{
	struct step	*step = &plan->steps[plan->count++];

	step->head = plan->after;
	plan->after = (struct buf){ 0 };
	buf_put(&step->absent, step->head.base, step->head.len);
	step->kind = m->kind;
	step->column = find_column(shape, m, st, statement_name);
	if (m->kind == SHAPE_LINK)
		compile_link(step, m);
	else
		buf_put_text(&step->absent, empty_value(m));
}

static void
compile_member(struct shape_plan *plan, const struct shape *shape,
    const struct member *m, const struct stmt *st, const char *statement_name)
{
	struct buf	*text = &plan->after;

	if (m->kind == SHAPE_CLOSE) {
		buf_put_byte(text, '}');
		return;
	}
	/* no comma at the beginning of an object */
	if (text->len == 0 || text->base[text->len - 1] != '{')
		buf_put_byte(text, ',');
	json_put_text(text, (struct text){ m->name, strlen(m->name) });
	buf_put_byte(text, ':');
	if (m->kind == SHAPE_OPEN)
		buf_put_byte(text, '{');
	else if (is_constant(m)) {
		put_url_part(text, m->root, m->url, strlen(m->url));
		buf_put_byte(text, '"');
	} else
		compile_value(plan, shape, m, st, statement_name);
}

/* Whether a list of names, commas between, has this one. */
static bool
has_name(struct text names, const char *name)
{
	size_t		 len = strlen(name), part;
	const char	*comma;

	for (;;) {
		comma = memchr(names.base, ',', names.len);
		part = comma == NULL ? names.len :
		    (size_t)(comma - names.base);
		if (part == len && memcmp(names.base, name, len) == 0)
			return true;
		if (comma == NULL)
			return false;
		names.base += part + 1;
		names.len -= part + 1;
	}
}

/* The members that `fields` names; without fields all that are not extra. */
static struct shape_plan *
compile(const struct shape *shape, const struct stmt *st,
    const char *statement_name, const struct text *fields)
{
	struct shape_plan	*plan = must_alloc(sizeof(*plan));
	const struct member	*m;
	size_t			 count = 0, depth = 0;
	bool			 wanted = true;

	while (shape->members[count].kind != SHAPE_END)
		count++;
	plan->steps = must_alloc((count + 1) * sizeof(plan->steps[0]));
	buf_put_byte(&plan->after, '{');
	for (m = shape->members; m->kind != SHAPE_END; m++) {
		/* members of an object go with it */
		if (depth == 0)
			wanted = fields == NULL ? !m->extra :
			    has_name(*fields, m->name);
		depth += m->kind == SHAPE_OPEN;
		if (wanted)
			compile_member(plan, shape, m, st, statement_name);
		depth -= m->kind == SHAPE_CLOSE;
	}
	buf_put_byte(&plan->after, '}');
	make_pieces(plan, shape);
	return plan;
}

struct shape_plan *
shape_compile(const struct shape *shape, const struct stmt *st,
    const char *statement_name)
{
	return compile(shape, st, statement_name, NULL);
}

static bool
is_member(const struct shape *shape, struct text name)
{
	const struct member	*m;
	size_t			 depth = 0;

	for (m = shape->members; m->kind != SHAPE_END; m++) {
		if (depth == 0 && strlen(m->name) == name.len &&
		    memcmp(m->name, name.base, name.len) == 0)
			return true;
		depth += m->kind == SHAPE_OPEN;
		depth -= m->kind == SHAPE_CLOSE;
	}
	return false;
}

struct shape_plan *
shape_choose(const struct shape *shape, const struct stmt *st, struct text fields,
    struct text *ret_unknown)
{
	struct text	 left = fields, name;
	const char	*comma;

	do {
		comma = memchr(left.base, ',', left.len);
		name = (struct text){ left.base, comma == NULL ? left.len :
		    (size_t)(comma - left.base) };
		if (!is_member(shape, name)) {
			*ret_unknown = name;
			return NULL;
		}
		left.base += name.len + 1;
		left.len -= comma == NULL ? name.len : name.len + 1;
	} while (comma != NULL);
	return compile(shape, st, shape->name, &fields);
}

void
shape_plan_destroy(struct shape_plan **self_p)
{
	struct shape_plan	*plan = *self_p;

	if (plan == NULL)
		return;
	for (size_t i = 0; i < plan->count; i++) {
		buf_done(&plan->steps[i].head);
		buf_done(&plan->steps[i].tail);
		buf_done(&plan->steps[i].absent);
	}
	buf_done(&plan->after);
	free(plan->steps);
	free(plan);
	*self_p = NULL;
}

/*
 * A row's values are looked up once and then read directly. SQLite allows that
 * if no other thread uses the connection: each is for one thread (store_open()).
 */
static struct text
value_text(sqlite3_value *v)
{
	/* the text first: asking for it may convert, and change the length */
	const char	*base = (const char *)sqlite3_value_text(v);

	return (struct text){ base, (size_t)sqlite3_value_bytes(v) };
}

static bool
is_absent(const struct step *step, sqlite3_value *v)
{
	int	type = sqlite3_value_type(v);

	if (type == SQLITE_NULL || type == SQLITE_INTEGER)
		return type == SQLITE_NULL;
	return (step->kind == SHAPE_UNKNOWN || step->kind == SHAPE_LINK) &&
	    sqlite3_value_bytes(v) == 0;
}

/* Hundredths as a number with two decimals. */
static void
put_hours(struct buf *b, int64_t hundredths)
{
	uint64_t	n = hundredths < 0 ? 0 - (uint64_t)hundredths :
			    (uint64_t)hundredths;

	buf_printf(b, "%s%llu.%02llu", hundredths < 0 ? "-" : "",
	    (unsigned long long)(n / 100), (unsigned long long)(n % 100));
}

static void
put_value(const struct step *step, sqlite3_value *v, struct buf *b)
{
	struct text	t;

	switch (step->kind) {
	case SHAPE_DATE:
		json_put_date(b, sqlite3_value_int64(v));
		break;
	case SHAPE_HOURS:
		put_hours(b, sqlite3_value_int64(v));
		break;
	case SHAPE_BOOL:
		buf_put_text(b, sqlite3_value_int(v) != 0 ?
		    "true" : "false");
		break;
	case SHAPE_LINK:
		percent_encode(b, value_text(v), PERCENT_URL);
		break;
	case SHAPE_JSON:
	case SHAPE_NAMES:
		t = value_text(v);
		buf_put(b, t.base, t.len);
		break;
	default:
		json_put_text(b, value_text(v));
	}
}

/* Digits that were written: where they are. */
struct digits {
	size_t	at;
	size_t	len;		/* 0: none were */
};

/* Digits that stand in the row already are copied. */
static void
put_digits(struct digits *d, sqlite3_value *v, struct buf *b)
{
	if (d->len != 0) {
		buf_reserve(b, d->len);
		memcpy(b->base + b->len, b->base + d->at, d->len);
		b->len += d->len;
		return;
	}
	d->at = b->len;
	json_put_number(b, sqlite3_value_int64(v));
	d->len = b->len - d->at;
}

void
shape_put(const struct shape_plan *plan, const struct stmt *st, struct buf *b)
{
	const struct step	*step = plan->steps;
	sqlite3_value		*values[VALUES_MOST];
	struct digits		 digits[VALUES_MOST];

	for (size_t i = 0; i < plan->count; i++, step++) {
		if (step->same == i) {
			values[i] = sqlite3_column_value(st->st, step->column);
			digits[i].len = 0;
		} else
			values[i] = values[step->same];
		if (is_absent(step, values[i])) {
			put_piece(b, &step->absent);
			continue;
		}
		put_piece(b, &step->head);
		if (step->kind == SHAPE_INT || (step->kind == SHAPE_LINK &&
		    step->has_value && sqlite3_value_type(values[i]) ==
		    SQLITE_INTEGER))
			put_digits(&digits[step->same], values[i], b);
		else if (step->has_value)
			put_value(step, values[i], b);
		put_piece(b, &step->tail);
	}
	put_piece(b, &plan->after);
}
