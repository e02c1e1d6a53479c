/*
 * Running operations. The condition of a write and the write itself are
 * separate statements; nothing slips between them, because all writes of a
 * store run one after the other on one lane of one process.
 */
#include "services/op/op.h"

#include "services/op/cache.h"
#include "services/op/kept.h"
#include "services/op/known.h"
#include "services/op/newcomer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"

/* What the service itself may put into any statement. */
#define OWN_KEYS	(K(ACTOR) | K(NOW) | K(LIMIT) | K(OFFSET) | K(ID) | \
			 K(RIGHTS) | K(HANDLE) | K(BODY) | K(OVER) | \
			 K(SOURCE) | K(STREAM) | K(SEQ) | K(AFTER) | \
			 K(ORIGINAL) | K(CONSUMER) | K(EVENT) | K(PAYLOAD))

/*
 * A fragment must fit into a message (proto/README.md), and everybody who has
 * a hand in it keeps it: lists end long before.
 */
#define FRAGMENT_MOST_MB	32
#define LIST_MOST_MB		8

#define LOOK_ROWS	16	/* of a list, between looks at the time */

/* --- start: check and compile ------------------------------------------ */

static void
bind_names(struct bindings *b, const struct sql *sql, sqlite3_stmt *st)
{
	int		 count = sqlite3_bind_parameter_count(st);
	const char	*name;
	enum key	 key;

	b->rows = must_alloc((size_t)(count + 1) * sizeof(b->rows[0]));
	for (int i = 1; i <= count; i++) {
		name = sqlite3_bind_parameter_name(st, i);
		key = name == NULL ? KEY_END : key_find(name + 1, KEYSET_ALL);
		if (key == KEY_END)
			log_fatal("statement %s: parameter %s is no key",
			    sql->name, name == NULL ? "?" : name);
		b->rows[b->count++] = (struct binding){ i, key };
	}
}

/* Every parameter must be an argument of the operation, or our own. */
static void
check_parameters(const struct op_tables *t, const struct op *op, int sql)
{
	const struct op_info	*info = op_info(op->op);
	const struct bindings	*b = &t->bindings[sql];
	keyset			 may = info->needs | info->may | op->makes |
				    OWN_KEYS;

	for (size_t i = 0; i < b->count; i++)
		if ((may & KEY_BIT(b->rows[i].key)) == 0)
			log_fatal("operation %s, statement %s: it is never "
			    "given %s", info->name, store_sql(t->service, sql)->name,
			    key_info(b->rows[i].key)->name);
}

/* An event takes its arguments from those of the call that emits it. */
static void
check_emits(const struct op *op)
{
	const struct op_info	*info = op_info(op->op), *event;
	keyset			 given = info->needs | op->makes | OWN_KEYS;
	uint64_t		 waited_for = 0;

	for (int i = 0; i < OP_EMITS && op->emits[i] != OP_NONE; i++) {
		event = op_info(op->emits[i]);
		if (!op_is_event(event->kind) || (event->needs & ~given) != 0)
			log_fatal("operation %s cannot emit %s: that is no "
			    "event, or needs keys it does not have",
			    info->name, event->name);
	}
	for (int i = 0; i < 2 * OP_EMITS; i++) {
		event = op_info(i < OP_EMITS ? op->emits[i] :
		    op->tells[i - OP_EMITS]);
		if (event->kind == OP_EVENT)
			waited_for |= UINT64_C(1) << event->service;
	}
	/* the loop holds an answer for one consumer only */
	if ((waited_for & (waited_for - 1)) != 0)
		log_fatal("operation %s waits for more than one consumer",
		    info->name);
}

/*
 * Where the service is to decide who may, something must decide, and know who
 * asks.
 */
static void
check_permit(const struct service *service, const struct op *op)
{
	const struct op_info	*info = op_info(op->op);
	bool			 decides = op->makes != 0;

	if (info->kind == OP_WRITE && info->who != WHO_PROCESS &&
	    info->who != WHO_PASSWORD && service->actor != NULL &&
	    (info->may & K(ASKED_WITH)) == 0)
		log_fatal("operation %s: it is not told which token asks",
		    info->name);
	if (!who_info(info->who)->by_owner)
		return;
	for (int i = 0; i < OP_GUARDS; i++)
		decides = decides || op->guards[i].error == ERR_FORBIDDEN;
	if (!decides && info->who != WHO_REPLIER)
		log_fatal("operation %s: no guard decides who may",
		    info->name);
}

static int
find_column(sqlite3_stmt *st, const char *name)
{
	for (int i = 0; i < sqlite3_column_count(st); i++)
		if (strcmp(sqlite3_column_name(st, i), name) == 0)
			return i;
	return -1;
}

/* Whether a request with `fields` can come to this row. */
static bool
takes_fields(const struct op_tables *t, const struct op *op)
{
	const struct op	*other = t->first[op->op];

	if ((op_info(op->op)->may & K(FIELDS)) == 0)
		return false;
	if ((op->when & K(FIELDS)) != 0)
		return true;
	for (; other->op == op->op; other++)
		if ((other->when & K(FIELDS)) != 0)
			return false;
	return true;
}

/* Members that only `fields` brings must be in the statement, too. */
static void
check_extras(const struct op_tables *t, const struct op *op, sqlite3_stmt *st)
{
	const struct member	*m;
	struct shape_plan	*plan;
	struct text		 unknown;

	for (m = op->shape->members; m->kind != SHAPE_END; m++) {
		if (!m->extra || !takes_fields(t, op))
			continue;
		plan = shape_choose(op->shape, st, (struct text){ m->name,
		    strlen(m->name) }, &unknown);
		shape_plan_destroy(&plan);
	}
}

static void
plan_row(struct op_tables *t, size_t row, sqlite3_stmt *st)
{
	const struct op	*op = &t->service->ops[row];
	struct row_plan	*plan = &t->plans[row];

	plan->shape = shape_compile(op->shape, st,
	    store_sql(t->service, op->sql)->name);
	plan->id = find_column(st, "id");
	plan->version = find_column(st, "version");
	for (int i = 0; i < OP_REFS && op->refs[i].column != NULL; i++) {
		plan->refs[i] = find_column(st, op->refs[i].column);
		if (plan->refs[i] == -1)
			log_fatal("operation %s: its statement has no column "
			    "%s", op_info(op->op)->name, op->refs[i].column);
	}
	check_extras(t, op, st);
}

/* What is kept depends on ids and the store, and there is one kind of it. */
static void
check_kept(struct op_tables *t, size_t row, const struct op_info *info)
{
	const struct op		*op = &t->service->ops[row];
	const struct bindings	*b = &t->bindings[op->sql];

	if (op->run != kept_bulk)
		return;
	if (t->keeps || b->count != 1 || b->rows[0].key != KEY_IDS ||
	    op->shape == NULL || t->plans[row].id != 0 ||
	    op->refs[0].column != NULL ||
	    ((info->needs | info->may) & K(FIELDS)) != 0)
		log_fatal("operation %s: its rows cannot be kept", info->name);
	t->keeps = true;
}

static void
check_row(struct op_tables *t, size_t row, sqlite3_stmt **statements)
{
	const struct op		*op = &t->service->ops[row];
	const struct op_info	*info = op_info(op->op);

	if (info->name == NULL || (info->service != t->service->id &&
	    info->service != SERVICE_ANY))
		log_fatal("%s service: row %zu is an operation of another "
		    "service", service_name(t->service->id), row);
	if (t->first[op->op] != NULL && op[-1].op != op->op)
		log_fatal("operation %s: its rows do not stand together",
		    info->name);
	if ((op->run == op_one || op->run == op_page || op->run == op_exec) &&
	    op->sql == SQL_NONE)
		log_fatal("operation %s has no statement", info->name);
	if ((op->run == op_one || op->run == op_page) && op->shape == NULL)
		log_fatal("operation %s has no shape", info->name);
	if (op->run == op_page && op->count == SQL_NONE)
		log_fatal("operation %s has no statement that counts",
		    info->name);
	if ((op->when & ~(info->needs | info->may)) != 0)
		log_fatal("operation %s: `when` asks for a key it cannot have",
		    info->name);
	check_parameters(t, op, op->sql);
	check_parameters(t, op, op->count);
	for (int i = 0; i < OP_GUARDS; i++)
		check_parameters(t, op, op->guards[i].sql);
	for (int i = 0; i < OP_ALSO; i++)
		check_parameters(t, op, op->also[i]);
	check_parameters(t, op, op->tag);
	check_emits(op);
	check_permit(t->service, op);
	if (t->first[op->op] == NULL)
		t->first[op->op] = op;
	if (op->shape != NULL && op->sql != SQL_NONE)
		plan_row(t, row, statements[op->sql]);
	check_kept(t, row, info);
	if ((op->aside == NULL) != (op->unmake == NULL))
		log_fatal("operation %s: nobody frees what it makes aside",
		    info->name);
	if (op->cached && info->kind != OP_READ)
		log_fatal("operation %s writes: it is not cached", info->name);
}

void
op_tables_init(struct op_tables *t, const struct service *service, sqlite3 *db)
{
	sqlite3_stmt	**statements = store_prepare(db, service);
	size_t		  rows;

	*t = (struct op_tables){ .service = service };
	for (rows = 0; service->ops[rows].op != OP_NONE; rows++)
		continue;
	t->plans = must_alloc((rows + 1) * sizeof(t->plans[0]));
	t->bindings = must_alloc((size_t)service->sql_end *
	    sizeof(t->bindings[0]));
	for (int i = SQL_NONE + 1; i < service->sql_end; i++)
		bind_names(&t->bindings[i], store_sql(service, i),
		    statements[i]);
	for (size_t i = 0; i < rows; i++)
		check_row(t, i, statements);
	for (unsigned code = 1; code < OP_END; code++)
		if (op_info(code)->service == service->id &&
		    t->first[code] == NULL)
			log_fatal("%s service: operation %s has no row",
			    service_name(service->id), op_info(code)->name);
	for (int i = SQL_NONE + 1; i < service->sql_end; i++)
		sqlite3_finalize(statements[i]);
	free(statements);
}

void
op_tables_done(struct op_tables *t)
{
	for (size_t i = 0; t->service->ops[i].op != OP_NONE; i++)
		shape_plan_destroy(&t->plans[i].shape);
	for (int i = SQL_NONE + 1; i < t->service->sql_end; i++)
		free(t->bindings[i].rows);
	free(t->plans);
	free(t->bindings);
}

/* A shape that `fields` asked for, kept for the next that asks the same. */
struct chosen {
	struct buf		 fields;
	struct shape_plan	*plan;
};

static size_t
count_rows(const struct service *service)
{
	size_t	rows = 0;

	while (service->ops[rows].op != OP_NONE)
		rows++;
	return rows;
}

void
lane_open(struct lane *lane, const struct op_tables *tables, const char *path,
    bool read_only)
{
	lane->db = store_open(path, read_only);
	lane->statements = store_prepare(lane->db, tables->service);
	lane->tables = tables;
	lane->stream = store_stream(lane->db);
	lane->frames = frame_reader_new();
	lane->known = known_new();
	lane->kept = tables->keeps ? kept_new() : NULL;
	lane->cache = NULL;
	lane->version = lane->until_us = 0;
	lane->over = lane->may_put_aside = false;
	lane->read_only = read_only;
	lane->chosen = must_alloc((count_rows(tables->service) + 1) *
	    sizeof(lane->chosen[0]));
}

void
lane_close(struct lane *lane)
{
	for (int i = SQL_NONE + 1; i < lane->tables->service->sql_end; i++)
		sqlite3_finalize(lane->statements[i]);
	free(lane->statements);
	for (size_t i = 0; i < count_rows(lane->tables->service); i++) {
		shape_plan_destroy(&lane->chosen[i].plan);
		buf_done(&lane->chosen[i].fields);
	}
	free(lane->chosen);
	frame_reader_destroy(&lane->frames);
	known_destroy(&lane->known);
	kept_destroy(&lane->kept);
	cache_destroy(&lane->cache);
	sqlite3_close(lane->db);
	*lane = (struct lane){ 0 };
}

bool
lane_exec(struct lane *lane, int sql)
{
	sqlite3_stmt	*st = lane->statements[sql];
	int		 result = sqlite3_step(st);

	lane->version = 0;
	sqlite3_reset(st);
	if (result != SQLITE_DONE)
		log_error("store: %s: %s", store_sql(lane->tables->service,
		    sql)->name, sqlite3_errmsg(lane->db));
	return result == SQLITE_DONE;
}

/* --- statements ---------------------------------------------------------- */

sqlite3_stmt *
op_statement(struct call *c, int sql)
{
	const struct bindings	*b = &c->lane->tables->bindings[sql];
	sqlite3_stmt		*st = c->lane->statements[sql];
	const union value	*v;

	for (size_t i = 0; i < b->count; i++) {
		int	parameter = b->rows[i].parameter;

		v = &c->request.args.value[b->rows[i].key];
		if (!args_has(&c->request.args, b->rows[i].key))
			sqlite3_bind_null(st, parameter);
		else if (key_info(b->rows[i].key)->type == KEY_INT)
			sqlite3_bind_int64(st, parameter, v->number);
		else if (key_info(b->rows[i].key)->type == KEY_TEXT)
			sqlite3_bind_text(st, parameter, v->text.base,
			    (int)v->text.len, SQLITE_STATIC);
		else
			sqlite3_bind_blob(st, parameter, v->text.base,
			    (int)v->text.len, SQLITE_STATIC);
	}
	return st;
}

/*
 * An event that does not fit the schema never will (courier.c); for anything
 * else the store may be well again later.
 */
static enum err
failure_of(const struct call *c)
{
	int	code = sqlite3_errcode(c->lane->db) & 0xff;

	return op_is_event(op_info(c->op->op)->kind) &&
	    (code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH ||
	    code == SQLITE_TOOBIG) ? ERR_INTERNAL : ERR_STORE;
}

/* Say what failed, once: a failed step is reported by the reset as well. */
static enum err
store_error(struct call *c)
{
	enum err	e = failure_of(c);

	if (c->lane->over)
		return ERR_EXPIRED;
	if (c->store_failed)
		return e;
	c->store_failed = true;
	log_error("store: %s: %s", op_info(c->op->op)->name,
	    sqlite3_errmsg(c->lane->db));
	if (op_info(c->op->op)->kind == OP_READ)
		return op_refuse(c, ERR_STORE, "The store cannot be read at "
		    "the moment. Try again shortly.");
	return e;
}

int
op_step(struct call *c, sqlite3_stmt *st, enum err *ret_error)
{
	int	result = sqlite3_step(st);

	*ret_error = OK;
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		*ret_error = store_error(c);
	return result;
}

enum err
op_done(struct call *c, sqlite3_stmt *st)
{
	int	result = sqlite3_reset(st);

	sqlite3_clear_bindings(st);
	return result == SQLITE_OK ? OK : store_error(c);
}

enum err
op_change(struct call *c, int sql, int *ret_changed)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e;
	int		 result;

	do
		result = op_step(c, st, &e);
	while (result == SQLITE_ROW);
	if (ret_changed != NULL)
		*ret_changed = sqlite3_changes(c->lane->db);
	if (e != OK) {
		op_done(c, st);
		return e;
	}
	return op_done(c, st);
}

enum err
op_finds(struct call *c, int sql, bool *ret_found)
{
	sqlite3_stmt	*st = op_statement(c, sql);
	enum err	 e;
	int		 result = op_step(c, st, &e);

	*ret_found = result == SQLITE_ROW;
	if (e != OK) {
		op_done(c, st);
		return e;
	}
	return op_done(c, st);
}

enum err
op_refuse(struct call *c, enum err e, const char *message)
{
	args_put_text(&c->answer.extra, KEY_MESSAGE,
	    (struct text){ message, strlen(message) });
	return e;
}

/* To gateways that know nothing of it, it is a question that came too late. */
enum err
op_not_loaded(struct call *c)
{
	args_put_number(&c->answer.extra, KEY_LOADING, 1);
	return ERR_EXPIRED;
}

enum err
op_put_aside(struct call *c)
{
	c->put_aside = true;
	return ERR_EXPIRED;
}

bool
op_is_over(const struct call *c)
{
	struct lane	*lane = c->lane;

	if (lane->until_us != 0 && clock_us() > lane->until_us)
		lane->over = true;
	return lane->over;
}

enum err
op_refusef(struct call *c, enum err e, const char *format, ...)
{
	char	text[512];
	va_list	ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	c->message.len = 0;
	buf_put(&c->message, text, strlen(text) + 1);
	args_put_text(&c->answer.extra, KEY_MESSAGE,
	    (struct text){ c->message.base, c->message.len - 1 });
	return e;
}

/* --- tags ------------------------------------------------------------------ */

/* splitmix64's finisher: each bit of what goes in moves half of those out. */
uint64_t
op_mix(uint64_t a, uint64_t b)
{
	uint64_t	x = a * UINT64_C(0x9e3779b97f4a7c15) + b +
			    UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* 0 would mean that there is no tag. */
int64_t
op_mix_tags(int64_t a, int64_t b)
{
	return (int64_t)(op_mix((uint64_t)a, (uint64_t)b) >> 1) | 1;
}

int64_t
op_tag(const struct lane *lane, int64_t id, int64_t version)
{
	return op_mix_tags(op_mix_tags(lane->stream, id), version);
}

/* How much of a list is its first member: a comma in quotes is the tag's. */
static size_t
member_len(struct text list)
{
	bool	quoted = false;
	size_t	len = 0;

	for (; len < list.len && (quoted || list.base[len] != ','); len++)
		quoted = quoted != (list.base[len] == '"');
	return len;
}

/* One of the tags in an If-Match, quotes and all, or "" at the end. */
static struct text
next_etag(struct text *left)
{
	struct text	one;

	while (left->len > 0 && strchr(" \t,", left->base[0]) != NULL) {
		left->base++;
		left->len--;
	}
	one = (struct text){ left->base, member_len(*left) };
	left->base += one.len;
	left->len -= one.len;
	while (one.len > 0 && strchr(" \t", one.base[one.len - 1]) != NULL)
		one.len--;
	return one;
}

/* Whether one of them is a quote and 16 digits, and ends there or at a dot. */
static bool
is_tag(struct text one, const char *want)
{
	return one.len > 17 && memcmp(one.base, want, 17) == 0 &&
	    one.base[one.len - 1] == '"' &&
	    (one.len == 18 || one.base[17] == '.');
}

/*
 * Whether an If-Match names this tag: the first 16 digits of a strong one,
 * what follows a dot is of what came with it (gateway/reply/answer.c). A tag of 0
 * is that of nothing: only `*` matches.
 */
static bool
names_tag(struct text if_match, int64_t tag)
{
	struct text	one;
	char		want[24];

	snprintf(want, sizeof(want), "\"%016llx", (unsigned long long)tag);
	while ((one = next_etag(&if_match)).len > 0)
		if ((one.len == 1 && one.base[0] == '*') ||
		    (tag != 0 && is_tag(one, want)))
			return true;
	return false;
}

static enum err
check_if_match(struct call *c)
{
	const struct args	*args = &c->request.args;
	sqlite3_stmt		*st;
	enum err		 e, done;
	int64_t			 tag = 0;

	if (!args_has(args, KEY_IF_MATCH))
		return OK;
	if (c->op->tag != SQL_NONE) {
		st = op_statement(c, c->op->tag);
		if (op_step(c, st, &e) == SQLITE_ROW)
			tag = op_tag(c->lane, sqlite3_column_int64(st, 0),
			    sqlite3_column_int64(st, 1));
		done = op_done(c, st);
		if (e != OK || done != OK)
			return e != OK ? e : done;
	}
	return names_tag(args_text(args, KEY_IF_MATCH), tag) ? OK :
	    ERR_PRECONDITION;
}

/* --- rows ------------------------------------------------------------------ */

static size_t
row_of(const struct call *c)
{
	return (size_t)(c->op - c->lane->tables->service->ops);
}

/* The shape of the call's row, or what `fields` leaves of it. */
static const struct shape_plan *
find_shape(struct call *c, sqlite3_stmt *st, enum err *ret)
{
	struct chosen	*chosen = &c->lane->chosen[row_of(c)];
	struct text	 fields = args_text(&c->request.args, KEY_FIELDS);
	struct text	 unknown;

	*ret = OK;
	if (!args_has(&c->request.args, KEY_FIELDS))
		return c->lane->tables->plans[row_of(c)].shape;
	if (chosen->plan != NULL && chosen->fields.len == fields.len &&
	    memcmp(chosen->fields.base, fields.base, fields.len) == 0)
		return chosen->plan;
	shape_plan_destroy(&chosen->plan);
	chosen->plan = shape_choose(c->op->shape, st, fields, &unknown);
	chosen->fields.len = 0;
	buf_put(&chosen->fields, fields.base, fields.len);
	if (chosen->plan == NULL)
		*ret = op_refusef(c, ERR_BAD_REQUEST, "fields: a %s has no "
		    "field \"%.*s\".", c->op->shape->name,
		    unknown.len > 60 ? 60 : (int)unknown.len, unknown.base);
	return chosen->plan;
}

static void
put_refs(struct call *c, const struct row_plan *plan, sqlite3_stmt *st)
{
	const struct ref	*refs = c->op->refs;
	struct buf		*b;
	int			 first;

	/* in a bulk what is referred to is asked for always */
	if (op_info(c->op->op)->who != WHO_PROCESS &&
	    !args_has(&c->request.args, KEY_INCLUDE))
		return;
	for (int i = 0; i < OP_REFS && refs[i].column != NULL; i++) {
		if (sqlite3_column_type(st, plan->refs[i]) != SQLITE_INTEGER)
			continue;
		/* columns for one key go into one list */
		for (first = 0; refs[first].key != refs[i].key; first++)
			continue;
		b = &c->refs[first];
		buf_put_byte(b, b->len == 0 ? '[' : ',');
		json_put_number(b, sqlite3_column_int64(st, plan->refs[i]));
	}
}

static void
take_refs(struct call *c)
{
	for (int i = 0; i < OP_REFS; i++) {
		if (c->refs[i].len == 0)
			continue;
		buf_put_byte(&c->refs[i], ']');
		args_put_text(&c->answer.extra, c->op->refs[i].key,
		    (struct text){ c->refs[i].base, c->refs[i].len });
	}
}

static bool
is_bulk(const struct call *c)
{
	return c->op->run == op_bulk || c->op->run == kept_bulk;
}

/* What is too large is not made to its end: what to ask for instead. */
static enum err
check_size(struct call *c)
{
	const char	*name = c->op->shape->name;
	bool		 is_one = c->op->run == op_one;
	size_t		 most_mb = is_one ? FRAGMENT_MOST_MB : LIST_MOST_MB;

	if (c->fragment.len <= most_mb << 20)
		return OK;
	if (is_one)
		return op_refusef(c, ERR_BAD_REQUEST, "This %s is larger than "
		    "%zu MB. Name the fields that you want in fields, without "
		    "its texts.", name, most_mb);
	if (is_bulk(c))
		return op_refusef(c, ERR_BAD_REQUEST, "include: what is of "
		    "kind %s and belongs to these tickets is larger than "
		    "%zu MB. Ask for fewer tickets (per_page), or for that of "
		    "one ticket page by page.", name, most_mb);
	return op_refusef(c, ERR_BAD_REQUEST, "per_page: this page is larger "
	    "than %zu MB. Ask for fewer items in a page.", most_mb);
}

enum err
op_put_row(struct call *c, sqlite3_stmt *st)
{
	const struct row_plan	*plan = &c->lane->tables->plans[row_of(c)];
	const struct shape_plan	*shape;
	enum err		 e;
	int64_t			 tag;

	shape = find_shape(c, st, &e);
	if (e != OK)
		return e;
	shape_put(shape, st, &c->fragment);
	if (plan->id != -1) {
		tag = op_tag(c->lane, sqlite3_column_int64(st, plan->id),
		    plan->version == -1 ? 0 :
		    sqlite3_column_int64(st, plan->version));
		c->answer.tag = c->answer.tag == 0 ? tag :
		    op_mix_tags(c->answer.tag, tag);
	}
	put_refs(c, plan, st);
	return check_size(c);
}

/* --- generic operations --------------------------------------------------- */

/*
 * The id of the row goes into the answer and into what follows: statements
 * in `also` and events know the new row by it.
 */
static void
take_id(struct call *c, sqlite3_stmt *st)
{
	for (int i = 0; i < sqlite3_column_count(st); i++)
		if (strcmp(sqlite3_column_name(st, i), "id") == 0) {
			args_put_number(&c->request.args, KEY_ID,
			    sqlite3_column_int64(st, i));
			args_put_number(&c->answer.extra, KEY_ID,
			    sqlite3_column_int64(st, i));
			return;
		}
}

enum err
op_one(struct call *c)
{
	sqlite3_stmt	*st = op_statement(c, c->op->sql);
	enum err	 e, done;
	int		 result = op_step(c, st, &e);

	if (result == SQLITE_ROW) {
		e = op_put_row(c, st);
		if (e == OK && op_info(c->op->op)->kind != OP_READ) {
			take_id(c, st);
			/* INSERT ... RETURNING writes to the end only now */
			op_step(c, st, &e);
		}
	} else if (e == OK)
		e = ERR_NOT_FOUND;
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
count_items(struct call *c, int64_t *ret)
{
	sqlite3_stmt	*st = op_statement(c, c->op->count);
	enum err	 e, done;

	if (op_step(c, st, &e) == SQLITE_ROW)
		*ret = sqlite3_column_int64(st, 0);
	done = op_done(c, st);
	return e != OK ? e : done;
}

static enum err
put_rows(struct call *c)
{
	sqlite3_stmt	*st = op_statement(c, c->op->sql);
	enum err	 e, done;

	buf_put_byte(&c->fragment, '[');
	while (op_step(c, st, &e) == SQLITE_ROW) {
		if (c->fragment.len > 1)
			buf_put_byte(&c->fragment, ',');
		e = op_put_row(c, st);
		if (e == OK && ++c->rows % LOOK_ROWS == 0 && c->op->large &&
		    op_is_over(c))
			e = op_put_aside(c);
		if (e != OK)
			break;
	}
	buf_put_byte(&c->fragment, ']');
	done = op_done(c, st);
	return e != OK ? e : done;
}

/*
 * Page 1 of nothing is an empty page; any other page without items is not
 * there, nor is one of no length.
 */
enum err
op_page(struct call *c)
{
	struct args	*args = &c->request.args;
	int64_t		 page = args->value[KEY_PAGE].number;
	int64_t		 per_page = args->value[KEY_PER_PAGE].number;
	int64_t		 total = 0;
	enum err	 e;

	if (page < 1 || per_page < 1)
		return ERR_NOT_FOUND;
	e = count_items(c, &total);
	if (e != OK)
		return e;
	if (page > 1 && (total == 0 || page - 1 > (total - 1) / per_page))
		return ERR_NOT_FOUND;
	c->answer.total = total;
	args_put_number(args, KEY_LIMIT, per_page);
	args_put_number(args, KEY_OFFSET, (page - 1) * per_page);
	c->answer.tag = op_mix_tags(c->lane->stream, total);
	return put_rows(c);
}

enum err
op_bulk(struct call *c)
{
	enum err	e;

	c->rows = 0;
	e = put_rows(c);
	if (e == OK && c->rows > BULK_MOST)
		return op_refusef(c, ERR_BAD_REQUEST, "include: more than %d "
		    "rows of kind %s belong to these tickets; ask for fewer "
		    "tickets.", BULK_MOST, c->op->shape->name);
	return e;
}

enum err
op_exec(struct call *c)
{
	return op_change(c, c->op->sql, NULL);
}

enum err
op_guards(struct call *c)
{
	(void)c;
	return OK;
}

/* What is undelivered to any, and the longest that one has waited; and what
 * was set aside. */
static void
put_outbox(struct args *extra)
{
	int64_t	events = 0, lag_ms = 0, aside = 0;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		events += metric_get(METRIC_UNDELIVERED, id);
		aside += metric_get(METRIC_SET_ASIDE, id);
		if (metric_get(METRIC_OUTBOX_LAG_MS, id) > lag_ms)
			lag_ms = metric_get(METRIC_OUTBOX_LAG_MS, id);
	}
	args_put_number(extra, KEY_UNDELIVERED, events);
	args_put_number(extra, KEY_OUTBOX_LAG_MS, lag_ms);
	args_put_number(extra, KEY_SET_ASIDE, aside);
}

enum err
op_ping(struct call *c)
{
	const struct standing	*own = c->lane->tables->standing;
	struct args		*extra = &c->answer.extra;
	enum err		 e = OK;

	if (args_has(&c->request.args, KEY_SOURCE))
		e = newcomer_answer(c);
	args_put_number(extra, KEY_CLOCK, clock_ms());
	args_put_number(extra, KEY_WRITES, own == NULL || own->writes);
	if (e != OK || own == NULL)
		return e;
	args_put_number(extra, KEY_INSTANCE, own->instance);
	args_put_number(extra, KEY_LEAVING, own->leaving);
	args_put_number(extra, KEY_LOADING, own->loading);
	args_put_text(extra, KEY_PROGRAM_VERSION,
	    (struct text){ FLICKET_VERSION, strlen(FLICKET_VERSION) });
	args_put_number(extra, KEY_QUEUED, own->queued);
	args_put_number(extra, KEY_UPTIME_MS, clock_ms() - own->began_ms);
	args_put_number(extra, KEY_SCHEMA, own->schema);
	put_outbox(extra);
	return OK;
}

/* --- events of a new store ------------------------------------------------ */

static void
row_args(sqlite3_stmt *st, struct args *ret)
{
	enum key	key;

	ret->present = 0;
	for (int i = 0; i < sqlite3_column_count(st); i++) {
		key = key_find(sqlite3_column_name(st, i), KEYSET_ALL);
		CHECK(key != KEY_END);
		if (key_info(key)->type == KEY_INT)
			args_put_number(ret, key, sqlite3_column_int64(st, i));
		else
			args_put_text(ret, key, (struct text){
			    (const char *)sqlite3_column_text(st, i),
			    (size_t)sqlite3_column_bytes(st, i) });
	}
}

void
op_seed_events(sqlite3 *db, enum op_code event, const char *query)
{
	sqlite3_stmt	*rows, *put;
	struct args	 args;
	struct buf	 payload = { 0 };
	char		 subject[SUBJECT_SIZE];

	if (sqlite3_prepare_v2(db, query, -1, &rows, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, store_sql(NULL, SQL_OUTBOX_PUT)->text, -1,
	    &put, NULL) != SQLITE_OK)
		log_fatal("new store: %s", sqlite3_errmsg(db));
	while (sqlite3_step(rows) == SQLITE_ROW) {
		row_args(rows, &args);
		payload.len = 0;
		frame_put_args(&payload, &args);
		sqlite3_bind_int(put, 1, (int)op_info(event)->service);
		sqlite3_bind_int(put, 2, (int)event);
		sqlite3_bind_int(put, 3, 0);
		sqlite3_bind_blob(put, 4, payload.base, (int)payload.len,
		    SQLITE_STATIC);
		if (subject_of(event, &args, subject))
			sqlite3_bind_text(put, 5, subject, -1, SQLITE_STATIC);
		if (sqlite3_step(put) != SQLITE_DONE)
			log_fatal("new store: %s", sqlite3_errmsg(db));
		sqlite3_reset(put);
	}
	sqlite3_finalize(rows);
	sqlite3_finalize(put);
	buf_done(&payload);
}

/* --- running a call ------------------------------------------------------- */

void
op_log_begin(const struct request *r)
{
	log_begin(r->request_id.base, r->request_id.len, r->trace.base,
	    r->trace.len);
	log_below(r->id);
}

static enum err
run_guards(struct call *c)
{
	const struct guard	*g = c->op->guards;
	enum err		 e;
	bool			 found;

	for (int i = 0; i < OP_GUARDS && g->sql != 0; i++, g++) {
		e = op_finds(c, g->sql, &found);
		if (e != OK)
			return e;
		if (found != g->must)
			return op_refuse(c, g->error, g->message);
	}
	return OK;
}

static enum err
run_also(struct call *c)
{
	enum err	e = OK;

	for (int i = 0; i < OP_ALSO && c->op->also[i] != 0 && e == OK; i++)
		e = op_change(c, c->op->also[i], NULL);
	return e;
}

/* An event that lacks what it needs would be refused for ever. */
enum err
op_emit(struct call *c, enum op_code code)
{
	const struct op_info	*event = op_info(code);
	struct args		*args = &c->request.args, payload = *args,
				 own = *args;
	struct buf		 bytes = { 0 };
	char			 subject[SUBJECT_SIZE];
	enum err		 e;

	payload.present &= (event->needs | event->may) &
	    ~(K(SOURCE) | K(STREAM) | K(SEQ) | K(AFTER) | K(ORIGINAL));
	if ((event->needs & ~(payload.present | K(SOURCE) | K(STREAM) |
	    K(SEQ))) != 0)
		log_fatal("operation %s: event %s lacks a key",
		    op_info(c->op->op)->name, event->name);
	frame_put_args(&bytes, &payload);
	args_put_number(args, KEY_CONSUMER, event->service);
	args_put_number(args, KEY_EVENT, code);
	args_put_text(args, KEY_PAYLOAD, (struct text){ bytes.base, bytes.len });
	args->present &= ~K(BODY);
	if (subject_of(code, &payload, subject))
		args_put_text(args, KEY_BODY, (struct text){ subject,
		    strlen(subject) });
	e = op_change(c, SQL_OUTBOX_PUT, NULL);
	buf_done(&bytes);
	if (event->kind == OP_TALLY)
		c->tallied = true;
	else {
		c->emitted = sqlite3_last_insert_rowid(c->lane->db);
		c->consumer = event->service;
	}
	if (e == OK && args_has(args, KEY_BODY))
		e = op_follow(c, c->emitted);
	*args = own;
	return e;
}

static enum err
run_emits(struct call *c)
{
	enum err	e = OK;

	for (int i = 0; i < OP_EMITS && c->op->emits[i] != 0 && e == OK; i++)
		e = op_emit(c, c->op->emits[i]);
	return e;
}

static enum err
run_row(struct call *c)
{
	enum err	e = run_guards(c);

	if (e == OK)
		e = check_if_match(c);
	if (e == OK)
		e = c->op->run(c);
	if (e == OK)
		e = run_also(c);
	if (e == OK)
		e = run_emits(c);
	return e;
}

/*
 * Whether an event was applied before; if not, note that it is now. One that
 * overtook its forerunner is refused, and sent again with it.
 */
static enum err
note_event(struct call *c, bool *ret_known)
{
	enum err	e;
	bool		in_order = true;
	int		changed = 0;

	if (args_number(&c->request.args, KEY_AFTER, 0) != 0) {
		e = op_finds(c, SQL_INBOX_HAS, &in_order);
		if (e != OK)
			return e;
	}
	if (!in_order)
		return ERR_OUT_OF_ORDER;
	e = op_change(c, SQL_INBOX_PUT, &changed);
	*ret_known = changed == 0;
	return e;
}

/*
 * Whether one that was set aside and comes again was left out indeed: another
 * copy of it may have been applied before that was told.
 */
static enum err
is_due(struct call *c, bool *ret)
{
	int		taken = 1;
	enum err	e = OK;

	if (args_has(&c->request.args, KEY_ORIGINAL) &&
	    c->op->op != OP_EVENT_LEFT_OUT)
		e = op_change(c, SQL_LEFT_OUT_TAKE, &taken);
	*ret = taken != 0;
	return e;
}

static enum err
run_event(struct call *c)
{
	bool		known = false, due = false;
	enum err	e = note_event(c, &known);

	if (e == OK && !known)
		e = is_due(c, &due);
	return e != OK || !due ? e : run_row(c);
}

/* Bounds are those of what is stored: a search may be for any text. */
static enum err
check_args(struct call *c, const struct op_info *info)
{
	struct args	*args = &c->request.args;
	bool		 stored = info->kind == OP_WRITE;

	args->present &= info->needs | info->may;
	if ((args->present & info->needs) != info->needs)
		return op_refuse(c, ERR_BAD_REQUEST, "An argument is missing.");
	for (unsigned k = 0; stored && k < KEY_END; k++)
		if (args_has(args, (enum key)k) &&
		    !args_in_bounds((enum key)k, &args->value[k]))
			return op_refuse(c, ERR_BAD_REQUEST,
			    "An argument is out of bounds.");
	args_put_number(args, KEY_ACTOR, c->request.actor);
	args_put_number(args, KEY_RIGHTS, c->request.rights);
	args_put_number(args, KEY_NOW, store_now());
	if (stored || args_has(args, KEY_IDEMPOTENCY_KEY))
		args_put_number(args, KEY_OVER, store_over());
	return OK;
}

/* --- answers kept for an Idempotency-Key ------------------------------------ */

static bool
is_same_request(struct call *c, sqlite3_stmt *st)
{
	struct text	digest = args_text(&c->request.args, KEY_DIGEST);

	return (size_t)sqlite3_column_bytes(st, 0) == digest.len &&
	    memcmp(sqlite3_column_blob(st, 0), digest.base, digest.len) == 0;
}

/* Take an answer out of the frame it is kept as. */
static enum err
take_answer(struct call *c, sqlite3_stmt *st)
{
	struct answer	kept;

	frame_reader_start(c->lane->frames, sqlite3_column_blob(st, 1),
	    (size_t)sqlite3_column_bytes(st, 1));
	if (frame_next_answer(c->lane->frames, &kept) != FRAME_ONE) {
		log_error("an answer that was kept cannot be read");
		return ERR_INTERNAL;
	}
	c->answer.total = kept.total;
	c->answer.tag = kept.tag;
	buf_put(&c->fragment, kept.fragment.base, kept.fragment.len);
	c->message.len = 0;
	args_copy(&c->answer.extra, &kept.extra, &c->message);
	return OK;
}

/* NOT_FOUND: there is none; the operation has to be carried out. */
static enum err
recall(struct call *c, enum op_code op)
{
	sqlite3_stmt	*st;
	enum err	 e, done;

	args_put_number(&c->request.args, KEY_HANDLE, op);
	st = op_statement(c, SQL_ANSWER_FIND);
	if (op_step(c, st, &e) == SQLITE_ROW)
		e = is_same_request(c, st) ? take_answer(c, st) :
		    ERR_KEY_REUSED;
	else if (e == OK)
		e = ERR_NOT_FOUND;
	done = op_done(c, st);
	return e != OK ? e : done;
}

enum err
op_recall(struct call *c)
{
	return recall(c, (enum op_code)args_number(&c->request.args,
	    KEY_HANDLE, 0));
}

/* What is kept is what the same request will be answered with. */
static enum err
keep_answer(struct call *c)
{
	struct buf	frame = { 0 };
	struct answer	kept = c->answer;
	enum err	e;

	kept.fragment = (struct text){ c->fragment.base, c->fragment.len };
	frame_put_answer(&frame, &kept);
	args_put_text(&c->request.args, KEY_BODY,
	    (struct text){ frame.base, frame.len });
	e = op_change(c, SQL_ANSWER_KEEP, NULL);
	if (e == OK)
		e = op_change(c, SQL_ANSWER_EXPIRE, NULL);
	c->request.args.present &= ~K(BODY);
	buf_done(&frame);
	return e;
}

static enum err
run_once(struct call *c)
{
	enum err	e = recall(c, c->op->op);

	if (e != ERR_NOT_FOUND)
		return e;
	e = run_row(c);
	args_put_number(&c->request.args, KEY_HANDLE, c->op->op);
	return e != OK ? e : keep_answer(c);
}

/*
 * A write of somebody who was deleted while it was on its way, with a token
 * that was good when it set out. One that came before is undone, or stays,
 * as the event that tells of it sees fit.
 */
static enum err
check_not_gone(struct call *c)
{
	int		sql = c->lane->tables->service->gone_actor;
	bool		gone = false;
	enum err	e = OK;

	if (sql != SQL_NONE)
		e = op_finds(c, sql, &gone);
	return e == OK && gone ? ERR_UNAUTHORIZED : e;
}

/*
 * Who asks is looked up where it stands, if that is this store: what came
 * with the request may have ended while it waited.
 */
static enum err
check_actor(struct call *c, const struct op_info *info)
{
	const struct service	*service = c->lane->tables->service;
	enum err		 e = check_not_gone(c);

	if (e != OK || info->who == WHO_PROCESS || service->actor == NULL)
		return e;
	e = service->actor(c);
	if (e != OK)
		return e;
	args_put_number(&c->request.args, KEY_RIGHTS, c->request.rights);
	if ((c->request.rights & RIGHT_READ_ONLY) != 0)
		return op_refuse(c, ERR_FORBIDDEN, WHO_READS_ONLY);
	if (!who_may(info->who, c->request.rights))
		return op_refuse(c, ERR_FORBIDDEN,
		    who_info(info->who)->refusal);
	return OK;
}

static enum err
run_write(struct call *c, const struct op_info *info)
{
	enum err	e = check_actor(c, info);

	if (e != OK)
		return e;
	if (args_has(&c->request.args, KEY_IDEMPOTENCY_KEY) &&
	    args_has(&c->request.args, KEY_DIGEST))
		return run_once(c);
	return run_row(c);
}

static enum err
run_read(struct call *c)
{
	return c->op->cached ? cache_run(c, run_row) : run_row(c);
}

static enum err
run_call(struct call *c, const struct op_info *info)
{
	enum err	e = check_args(c, info);

	if (e != OK)
		return e;
	if (op_is_event(info->kind))
		return run_event(c);
	if (info->kind == OP_WRITE)
		return run_write(c, info);
	if (info->kind != OP_READ)
		return run_row(c);
	if (args_has(&c->request.args, KEY_IF_NONE_MATCH))
		return known_run(c, run_read);
	return run_read(c);
}

bool
op_is_event(enum op_kind kind)
{
	return kind == OP_EVENT || kind == OP_TALLY;
}

static const struct op *
find_row(const struct op_tables *t, enum op_code code, keyset present)
{
	const struct op	*op = code < OP_END ? t->first[code] : NULL;

	for (; op != NULL && op->op == code; op++)
		if ((op->when & present) == op->when)
			return op;
	return NULL;
}

bool
op_kind_of(const struct op_tables *t, uint64_t op, enum op_kind *ret)
{
	if (op >= OP_END || t->first[op] == NULL)
		return false;
	*ret = op_info(op)->kind;
	return true;
}

bool
op_has_turns(const struct op_tables *t, uint64_t code)
{
	const struct op	*op = t->first[code];

	return op->lists || op->run == op_page || op->run == op_bulk ||
	    op->run == kept_bulk;
}

/* An answer from what is kept is one without run(). */
static void
unmake(struct call *c)
{
	if (c->made == NULL)
		return;
	CHECK(c->op != NULL);	/* its row made it */
	c->op->unmake(c->made);
	c->made = NULL;
}

void
op_call(struct lane *lane, struct call *c)
{
	const struct op_info	*info = op_info(c->request.op);
	enum err		 e;

	c->lane = lane;
	c->answer.id = c->request.id;
	c->op = find_row(lane->tables, (enum op_code)c->request.op,
	    c->request.args.present);
	if (c->op == NULL)
		e = ERR_UNKNOWN_OP;
	else
		e = run_call(c, info);
	unmake(c);
	c->answer.error = e;
	if (e == OK)
		take_refs(c);
	if (e != OK) {
		c->fragment.len = 0;
		c->answer.extra.present &= K(MESSAGE) | K(RETRY_AFTER) |
		    K(LOADING);
	}
	c->answer.fragment = (struct text){ c->fragment.base, c->fragment.len };
}
