/* Tables of a service, checked and compiled when it starts. */
#include "services/op/op.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "services/op/row_cache.h"

/* Keys that the service gives to statements, and those that events are sent with. */
#define OWN_KEYS	ACTOR, NOW, LIMIT, OFFSET, ID, RIGHTS, OVER
#define SENT_KEYS	SOURCE, STREAM, SEQ

/* The keys that a row's statements and functions may find. */
static keyset
keys_of(const struct op *op)
{
	const struct op_info	*info = op_info(op->op);

	return keyset_union(keyset_union(info->needs, info->may),
	    keyset_union(op->makes, K(OWN_KEYS)));
}

/* Every parameter must be an argument of the operation, or our own. */
static void
check_parameters(const struct op_tables *t, const struct op *op, int sql)
{
	enum key	never = keyset_next(keyset_difference(t->keys[sql],
			    keys_of(op)), 0);

	if (never != KEY_END)
		log_fatal("operation %s, statement %s: it is never given %s",
		    op_info(op->op)->name, store_sql(t->service, sql)->name,
		    key_info(never)->name);
}

/* An event takes its arguments from those of the call that emits it. */
static void
check_emits(const struct op *op)
{
	const struct op_info	*info = op_info(op->op), *event;
	keyset			 given = keyset_union(keyset_union(info->needs,
				    op->makes), K(OWN_KEYS, SENT_KEYS));
	uint64_t		 waited_for = 0;

	for (int i = 0; i < OP_EMITS && op->emits[i] != OP_NONE; i++) {
		event = op_info(op->emits[i]);
		if (!op_is_event(event->kind) ||
		    !keyset_is_within(event->needs, given))
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
	bool			 decides = !keyset_is_empty(op->makes);

	if (info->kind == OP_WRITE && info->who != WHO_PROCESS &&
	    info->who != WHO_PASSWORD && service->actor != NULL &&
	    !keyset_has(info->may, KEY_ASKED_WITH))
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

/* Whether a request with `fields` can come to this row. */
static bool
takes_fields(const struct op_tables *t, const struct op *op)
{
	const struct op	*other = t->first[op->op];

	if (!keyset_has(op_info(op->op)->may, KEY_FIELDS))
		return false;
	if (keyset_has(op->when, KEY_FIELDS))
		return true;
	for (; other->op == op->op; other++)
		if (keyset_has(other->when, KEY_FIELDS))
			return false;
	return true;
}

/* Members that only `fields` brings must be in the statement, too. */
static void
check_extras(const struct op_tables *t, const struct op *op,
    const struct stmt *st)
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
plan_row(struct op_tables *t, size_t row, const struct stmt *st)
{
	const struct op	*op = &t->service->ops[row];
	struct row_plan	*plan = &t->plans[row];

	plan->shape = shape_compile(op->shape, st,
	    store_sql(t->service, op->sql)->name);
	plan->id = stmt_find(st, "id");
	plan->version = stmt_find(st, "version");
	plan->bulk = op->run == op_bulk || op->run == row_cache_bulk;
	for (int i = 0; i < OP_REFS && op->refs[i].column != NULL; i++) {
		plan->refs[i] = stmt_find(st, op->refs[i].column);
		if (plan->refs[i] == -1)
			log_fatal("operation %s: its statement has no column "
			    "%s", op_info(op->op)->name, op->refs[i].column);
	}
	check_extras(t, op, st);
}

/* Cached rows depend on their ids and the store; a service has one kind. */
static void
check_cached(struct op_tables *t, size_t row, const struct op_info *info)
{
	const struct op	*op = &t->service->ops[row];

	if (op->run != row_cache_bulk)
		return;
	if (t->caches_rows || !keyset_equals(t->keys[op->sql], K(IDS)) ||
	    op->shape == NULL || t->plans[row].id != 0 ||
	    op->refs[0].column != NULL ||
	    keyset_has(keyset_union(info->needs, info->may), KEY_FIELDS))
		log_fatal("operation %s: its rows cannot be cached", info->name);
	t->caches_rows = true;
}

static void
check_row(struct op_tables *t, size_t row, struct db *db)
{
	const struct op		*op = &t->service->ops[row];
	const struct op_info	*info = op_info(op->op);
	struct stmt		 st;

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
	if (keyset_count(keys_of(op)) > ARGS_MOST)
		log_fatal("operation %s can have %u arguments, of %d that "
		    "there is room for", info->name, keyset_count(keys_of(op)),
		    ARGS_MOST);
	if (!keyset_is_within(op->when, keyset_union(info->needs, info->may)))
		log_fatal("operation %s: `when` asks for a key it cannot have",
		    info->name);
	check_parameters(t, op, op->sql);
	check_parameters(t, op, op->count);
	for (int i = 0; i < OP_GUARDS; i++)
		check_parameters(t, op, op->guards[i].sql);
	for (int i = 0; i < OP_ALSO; i++)
		check_parameters(t, op, op->also[i]);
	check_parameters(t, op, op->tag);
	check_parameters(t, op, op->kept);
	check_emits(op);
	check_permit(t->service, op);
	if (t->first[op->op] == NULL)
		t->first[op->op] = op;
	if (op->shape != NULL && op->sql != SQL_NONE) {
		st = stmt_begin(db, op->sql, NULL);
		plan_row(t, row, &st);
		stmt_end(&st);
	}
	check_cached(t, row, info);
	if ((op->aside == NULL) != (op->unmake == NULL))
		log_fatal("operation %s: aside and unmake go together",
		    info->name);
}

void
op_tables_init(struct op_tables *t, const struct service *service,
    struct db *db)
{
	size_t	rows;

	*t = (struct op_tables){ .service = service };
	for (rows = 0; service->ops[rows].op != OP_NONE; rows++)
		continue;
	t->plans = must_alloc((rows + 1) * sizeof(t->plans[0]));
	t->keys = must_alloc((size_t)service->sql_end * sizeof(t->keys[0]));
	for (int i = SQL_NONE + 1; i < service->sql_end; i++)
		t->keys[i] = db_keys(db, i);
	for (size_t i = 0; i < rows; i++)
		check_row(t, i, db);
	for (unsigned code = 1; code < OP_END; code++)
		if (op_info(code)->service == service->id &&
		    t->first[code] == NULL)
			log_fatal("%s service: operation %s has no row",
			    service_name(service->id), op_info(code)->name);
}

void
op_tables_done(struct op_tables *t)
{
	for (size_t i = 0; t->service->ops[i].op != OP_NONE; i++)
		shape_plan_destroy(&t->plans[i].shape);
	free(t->plans);
	free(t->keys);
}
