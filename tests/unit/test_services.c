/*
 * The four services' tables on fresh stores, and what op_tables_init() says
 * of tables that are wrong: each check of services/op/check.c once, on a
 * copy of the lookup service with one thing changed.
 */
#include "desk.h"

#include <sqlite3.h>

#include "services/store/migrate.h"
#include "services/store/patch.h"
#include "services/store/statement.h"
#include "services/store/store.h"

static void
every_service_opens(void **state)
{
	static const struct service *const	services[] = {
		&user_service, &ticket_service, &post_service, &lookup_service
	};
	struct desk	d;
	enum op_kind	kind;
	unsigned	count = 0;
	const char	*missing;

	(void)state;
	for (size_t i = 0; i < LEN(services); i++) {
		desk_open(&d, services[i]);
		for (unsigned code = 1; code < OP_END; code++)
			if (op_info(code)->service == services[i]->id) {
				check_true(op_info(code)->name, op_kind_of(
				    &d.tables, code, &kind));
				count++;
			}
		check_true("PING", op_kind_of(&d.tables, OP_PING, &kind));
		check_true("OUTBOX_DONE", op_kind_of(&d.tables,
		    OP_OUTBOX_DONE, &kind) && kind == OP_OWN);
		check_true("integrity", desk_number(&d,
		    "SELECT integrity_check = 'ok' FROM "
		    "pragma_integrity_check") == 1);
		missing = patch_missing(d.sqlite);
		check_true(missing == NULL ? "all can be copied" : missing,
		    missing == NULL);
		check_number("foreign keys", desk_number(&d,
		    "SELECT count(*) FROM pragma_foreign_key_check"), 0);
		desk_close(&d);
	}
	for (unsigned code = 1; code < OP_END; code++)
		count -= op_info(code)->name != NULL &&
		    op_info(code)->service != SERVICE_ANY;
	check_number("each operation has its service", count, 0);
}

/* --- tables that are wrong --------------------------------------------- */

#define OPS_MOST	96
#define SQL_MOST	256

/* A copy of a service that can be spoilt. */
struct copy {
	struct service	service;
	struct op	ops[OPS_MOST];
	struct sql	sql[SQL_MOST];
};

static void
copy_service(struct copy *c, const struct service *from)
{
	size_t	count = 0;

	memset(c, 0, sizeof(*c));
	c->service = *from;
	for (; from->ops[count].op != OP_NONE; count++)
		c->ops[count] = from->ops[count];
	assert_true(count < OPS_MOST);
	for (int i = SQL_COMMON_END; i < from->sql_end; i++)
		c->sql[i - SQL_COMMON_END] = *store_sql(from, i);
	assert_true(from->sql_end - SQL_COMMON_END <= SQL_MOST);
	c->service.ops = c->ops;
	c->service.sql = c->sql;
}

static struct op *
row_of(struct copy *c, enum op_code op)
{
	for (size_t i = 0; i < OPS_MOST; i++)
		if (c->ops[i].op == op)
			return &c->ops[i];
	fail_msg("no row for operation %d", op);
	return NULL;
}

static int
number_of(struct copy *c, const char *name)
{
	for (int i = 0; i < SQL_MOST; i++)
		if (c->sql[i].name != NULL && strcmp(c->sql[i].name, name) == 0)
			return i + SQL_COMMON_END;
	fail_msg("no statement %s", name);
	return 0;
}

/* One thing that is wrong: a statement's text, or what spoil() does. */
struct wrong {
	const char	*name;
	const char	*statement;
	const char	*text;
	void		(*spoil)(struct copy *);
	const char	*said;
};

static void
open_wrong(const void *arg)
{
	const struct wrong	*w = arg;
	static struct copy	 copy;
	struct op_tables	 tables;
	sqlite3			*sqlite = store_open(":memory:", false);
	struct db		*db;

	copy_service(&copy, &lookup_service);
	store_migrate(sqlite, &copy.service, ":memory:");
	if (w->statement != NULL)
		copy.sql[number_of(&copy, w->statement) -
		    SQL_COMMON_END].text = w->text;
	if (w->spoil != NULL)
		w->spoil(&copy);
	db = db_over(&copy.service, sqlite);
	op_tables_init(&tables, &copy.service, db);
	op_tables_done(&tables);
	db_close(&db);
	sqlite3_close(sqlite);
}

static void
ask_category_in_guard(struct copy *c)
{
	row_of(c, OP_DEPARTMENT_CREATE)->guards[OP_GUARDS - 1].sql =
	    number_of(c, "CATEGORY_NAMED");
}

static void
ask_category_in_also(struct copy *c)
{
	row_of(c, OP_DEPARTMENT_CREATE)->also[OP_ALSO - 1] =
	    number_of(c, "CATEGORY_NAMED");
}

static void
ask_category_in_count(struct copy *c)
{
	row_of(c, OP_STATUS_LIST)->count = number_of(c, "CATEGORY_COUNT");
}

static void
have_another_services_row(struct copy *c)
{
	row_of(c, OP_STATUS_GET)->op = OP_USER_GET;
}

static void
have_a_row_of_nothing(struct copy *c)
{
	row_of(c, OP_STATUS_GET)->op = (enum op_code)9;
}

static void
have_no_row(struct copy *c)
{
	struct op	*last = row_of(c, OP_TICKET_CHECK);

	*last = (struct op){ 0 };
}

static void
ask_when_with_title(struct copy *c)
{
	row_of(c, OP_CATEGORY_LIST)->when = K(TITLE);
}

static void
emit_without_name(struct copy *c)
{
	row_of(c, OP_DEPARTMENT_CREATE)->emits[0] = OP_TICKET_USER_NAMED;
}

static void
emit_no_event(struct copy *c)
{
	row_of(c, OP_DEPARTMENT_CREATE)->emits[0] = OP_USER_WROTE_TICKET;
	row_of(c, OP_DEPARTMENT_CREATE)->emits[1] = OP_TICKET_GET;
}

static void
make_a_key(struct copy *c)
{
	row_of(c, OP_DEPARTMENT_GET)->makes = K(TITLE);
}

static void
emit_a_tally(struct copy *c)
{
	row_of(c, OP_DEPARTMENT_CREATE)->emits[0] = OP_USER_WROTE_TICKET;
}

static enum err
know_nobody(struct call *c)
{
	(void)c;
	return OK;
}

static void
know_who_asks(struct copy *c)
{
	c->service.actor = know_nobody;
}

#define DEPARTMENT	"SELECT id, department, deleted, version " \
			"FROM departments WHERE id = "

static void
wrong_tables_are_named(void **state)
{
	static const struct wrong	rows[] = {
		{ "a statement that does not fit", "DEPARTMENT_BY_ID",
		    "SELECT colour FROM departments", NULL,
		    "statement DEPARTMENT_BY_ID does not fit the schema: no "
		    "such column: colour" },
		{ "a statement that is none", "STATUS_COUNT", "SELEKT", NULL,
		    "statement STATUS_COUNT does not fit the schema" },
		{ "a parameter that is no key", "DEPARTMENT_BY_ID",
		    DEPARTMENT ":idd", NULL, "statement DEPARTMENT_BY_ID: "
		    "parameter :idd is not a key" },
		{ "a parameter without a name", "DEPARTMENT_BY_ID",
		    DEPARTMENT "?", NULL, "statement DEPARTMENT_BY_ID: "
		    "parameter ? is not a key" },
		{ "a parameter that is never given", "DEPARTMENT_BY_ID",
		    DEPARTMENT ":title", NULL, "operation DEPARTMENT_GET, "
		    "statement DEPARTMENT_BY_ID: it is never given title" },
		{ "one in a guard", NULL, NULL, ask_category_in_guard,
		    "operation DEPARTMENT_CREATE, statement CATEGORY_NAMED: it "
		    "is never given department_id" },
		{ "one in what follows", NULL, NULL, ask_category_in_also,
		    "operation DEPARTMENT_CREATE, statement CATEGORY_NAMED: it "
		    "is never given department_id" },
		{ "one in a count", NULL, NULL, ask_category_in_count,
		    "operation STATUS_LIST, statement CATEGORY_COUNT: it is "
		    "never given department_id" },
		{ "a member without a column", "DEPARTMENT_BY_ID",
		    "SELECT id, deleted FROM departments WHERE id = :id", NULL,
		    "shape department, member department: statement "
		    "DEPARTMENT_BY_ID has no column department" },
		{ "another service's operation", NULL, NULL,
		    have_another_services_row, "lookup service: row 25 is an "
		    "operation of another service" },
		{ "an operation that is none", NULL, NULL,
		    have_a_row_of_nothing, "lookup service: row 25 is an "
		    "operation of another service" },
		{ "an operation without a row", NULL, NULL, have_no_row,
		    "lookup service: operation TICKET_CHECK has no row" },
		{ "a condition it cannot have", NULL, NULL,
		    ask_when_with_title, "operation CATEGORY_LIST: `when` asks "
		    "for a key it cannot have" },
		{ "an event without its keys", NULL, NULL, emit_without_name,
		    "operation DEPARTMENT_CREATE cannot emit "
		    "TICKET_USER_NAMED" },
		{ "an event that is none", NULL, NULL, emit_no_event,
		    "operation DEPARTMENT_CREATE cannot emit TICKET_GET" },
		{ "a write that is not told which token asks", NULL, NULL,
		    know_who_asks, "operation DEPARTMENT_CREATE: it is not "
		    "told which token asks" },
	};
	struct end	end;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		unit_run(open_wrong, &rows[i], &end);
		check_number(rows[i].name, end.status, 1);
		check_part(rows[i].name, end.said, rows[i].said);
	}
}

static void
what_is_right_is_let_through(void **state)
{
	static const struct wrong	rows[] = {
		{ "the copy itself", NULL, NULL, NULL, NULL },
		{ "a key that the operation makes", "DEPARTMENT_BY_ID",
		    DEPARTMENT ":title", make_a_key, NULL },
		{ "a key of the service's own", "DEPARTMENT_BY_ID",
		    DEPARTMENT ":id OR id = :now OR id = :actor", NULL, NULL },
		{ "an event that needs no keys", NULL, NULL, emit_a_tally,
		    NULL },
	};
	struct end	end;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		unit_run(open_wrong, &rows[i], &end);
		check_string(rows[i].name, end.said, "");
		check_number(rows[i].name, end.status, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("every service's tables fit its store, every operation "
		    "has a row", every_service_opens),
		TEST("tables that are wrong end it, and the row is named",
		    wrong_tables_are_named),
		TEST("tables that are right are let through",
		    what_is_right_is_let_through),
	};

	return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
