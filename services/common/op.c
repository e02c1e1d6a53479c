/*
 * Running operations. The condition of a write and the write itself are
 * separate statements; nothing slips between them, because all writes of a
 * store run one after the other on one lane of one process.
 */
#include "op.h"

#include <stdlib.h>

#include "proto/log.h"
#include "proto/replica.h"

/* What the service itself may put into any statement. */
#define OWN_KEYS	(K(ACTOR) | K(NOW) | K(LIMIT) | K(OFFSET) | K(ID) | \
			 K(SOURCE) | K(STREAM) | K(SEQ) | K(AFTER) | \
			 K(CONSUMER) | K(EVENT) | K(PAYLOAD))

/* A fragment must fit into a message (proto/README.md). */
#define FRAGMENT_MOST_BYTES	(32 << 20)

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
		key = name == NULL ? KEY_END : key_find(name + 1, UINT64_MAX);
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
	uint64_t		 may = info->needs | info->may | op->makes |
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
	uint64_t		 given = info->needs | OWN_KEYS;
	int			 waited_for = 0;

	for (int i = 0; i < OP_EMITS && op->emits[i] != OP_NONE; i++) {
		event = op_info(op->emits[i]);
		if (!op_is_event(event->kind) || (event->needs & ~given) != 0)
			log_fatal("operation %s cannot emit %s: that is no "
			    "event, or needs keys it does not have",
			    info->name, event->name);
		/* the loop holds an answer for one consumer only */
		if (event->kind == OP_EVENT && ++waited_for > 1)
			log_fatal("operation %s waits for more than one event",
			    info->name);
	}
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
	check_emits(op);
	if (op->shape != NULL)
		t->plans[row] = shape_compile(op->shape, statements[op->sql],
		    store_sql(t->service, op->sql)->name);
	if (t->first[op->op] == NULL)
		t->first[op->op] = op;
}

void
op_tables_init(struct op_tables *t, const struct service *service, sqlite3 *db)
{
	sqlite3_stmt	**statements = store_prepare(db, service);
	size_t		  rows = 0;

	*t = (struct op_tables){ .service = service };
	while (service->ops[rows].op != OP_NONE)
		rows++;
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
		shape_plan_destroy(&t->plans[i]);
	for (int i = SQL_NONE + 1; i < t->service->sql_end; i++)
		free(t->bindings[i].rows);
	free(t->plans);
	free(t->bindings);
}

void
lane_open(struct lane *lane, const struct op_tables *tables, const char *path,
    bool read_only)
{
	lane->db = store_open(path, read_only);
	lane->statements = store_prepare(lane->db, tables->service);
	lane->tables = tables;
	lane->stream = store_stream(lane->db);
}

void
lane_close(struct lane *lane)
{
	for (int i = SQL_NONE + 1; i < lane->tables->service->sql_end; i++)
		sqlite3_finalize(lane->statements[i]);
	free(lane->statements);
	sqlite3_close(lane->db);
	*lane = (struct lane){ 0 };
}

bool
lane_exec(struct lane *lane, int sql)
{
	sqlite3_stmt	*st = lane->statements[sql];
	int		 result = sqlite3_step(st);

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

/* Say what failed, once: a failed step is reported by the reset as well. */
static enum err
store_error(struct call *c)
{
	if (c->store_failed)
		return ERR_STORE;
	c->store_failed = true;
	log_error("store: %s: %s, request=%.*s", op_info(c->op->op)->name,
	    sqlite3_errmsg(c->lane->db), (int)c->request.request_id.len,
	    c->request.request_id.base);
	return ERR_STORE;
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

/* --- generic operations --------------------------------------------------- */

static const struct shape_plan *
plan_of(const struct call *c)
{
	const struct op_tables	*t = c->lane->tables;

	return t->plans[c->op - t->service->ops];
}

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
		shape_put(plan_of(c), st, &c->fragment);
		if (op_info(c->op->op)->kind != OP_READ) {
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
		shape_put(plan_of(c), st, &c->fragment);
		if (c->fragment.len > FRAGMENT_MOST_BYTES) {
			log_error("%s: a page of more than %d bytes",
			    op_info(c->op->op)->name, FRAGMENT_MOST_BYTES);
			e = ERR_INTERNAL;
			break;
		}
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
	return put_rows(c);
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

enum err
op_ping(struct call *c)
{
	args_put_number(&c->answer.extra, KEY_CLOCK, clock_ms());
	args_put_number(&c->answer.extra, KEY_WRITES, 1);
	return OK;
}

/* --- events of a new store ------------------------------------------------ */

static void
row_args(sqlite3_stmt *st, struct args *ret)
{
	enum key	key;

	ret->present = 0;
	for (int i = 0; i < sqlite3_column_count(st); i++) {
		key = key_find(sqlite3_column_name(st, i), UINT64_MAX);
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
		if (sqlite3_step(put) != SQLITE_DONE)
			log_fatal("new store: %s", sqlite3_errmsg(db));
		sqlite3_reset(put);
	}
	sqlite3_finalize(rows);
	sqlite3_finalize(put);
	buf_done(&payload);
}

/* --- running a call ------------------------------------------------------- */

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

static enum err
write_event(struct call *c, enum op_code code)
{
	const struct op_info	*event = op_info(code);
	struct args		*args = &c->request.args, payload = *args;
	struct buf		 bytes = { 0 };
	enum err		 e;

	payload.present &= event->needs & ~(K(SOURCE) | K(STREAM) | K(SEQ));
	frame_put_args(&bytes, &payload);
	args_put_number(args, KEY_CONSUMER, event->service);
	args_put_number(args, KEY_EVENT, code);
	args_put_text(args, KEY_PAYLOAD, (struct text){ bytes.base, bytes.len });
	e = op_change(c, SQL_OUTBOX_PUT, NULL);
	args->present &= ~K(PAYLOAD);
	buf_done(&bytes);
	if (event->kind == OP_TALLY)
		c->tallied = true;
	else {
		c->emitted = sqlite3_last_insert_rowid(c->lane->db);
		c->consumer = event->service;
	}
	return e;
}

static enum err
run_emits(struct call *c)
{
	enum err	e = OK;

	for (int i = 0; i < OP_EMITS && c->op->emits[i] != 0 && e == OK; i++)
		e = write_event(c, c->op->emits[i]);
	return e;
}

static enum err
run_row(struct call *c)
{
	enum err	e = run_guards(c);

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

static enum err
run_event(struct call *c)
{
	bool		known = false;
	enum err	e = note_event(c, &known);

	if (e != OK || known)
		return e;
	return run_row(c);
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
	args_put_number(args, KEY_NOW, store_now());
	return OK;
}

bool
op_is_event(enum op_kind kind)
{
	return kind == OP_EVENT || kind == OP_TALLY;
}

static const struct op *
find_row(const struct op_tables *t, enum op_code code, uint64_t present)
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
		e = check_args(c, info);
	if (e == OK)
		e = op_is_event(info->kind) ? run_event(c) : run_row(c);
	c->answer.error = e;
	if (e != OK) {
		c->fragment.len = 0;
		c->answer.extra.present &= K(MESSAGE) | K(RETRY_AFTER);
	}
	c->answer.fragment = (struct text){ c->fragment.base, c->fragment.len };
}
