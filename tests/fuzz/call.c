/*
 * Arguments of operations: whatever a peer asks with, a service answers, and
 * what it answers is JSON. Calls run on copies of the stores in
 * FUZZ_STORES, each in a transaction that is rolled back. Before that, a twin of
 * the store gets the patch of what the transaction changed, and is the same in
 * all tables.
 *
 * Input: operation, actor, rights, and then keys with their values, as
 * read_argument() has them. Operations that hash passwords or write files
 * beside the store are left out.
 */
#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "twin.h"

#include <sqlite3.h>

#include "services/op/op.h"
#include "services/runtime/lane/calls.h"
#include "services/store/patch.h"

static const struct service *const	services[] = {
	&user_service, &ticket_service, &post_service, &lookup_service
};

static struct {
	struct op_tables	tables;
	struct session		session;
	char			path[96];
	char			twin_path[96];
	sqlite3			*twin;
} stores[LEN(services)];
static char	folder[64];

/* --- stores --------------------------------------------------------------- */

static void
copy_store(const char *from, const char *to)
{
	sqlite3		*source, *target;
	sqlite3_backup	*copy;

	CHECK(sqlite3_open_v2(from, &source, SQLITE_OPEN_READWRITE, NULL) ==
	    SQLITE_OK && sqlite3_open(to, &target) == SQLITE_OK);
	copy = sqlite3_backup_init(target, "main", source, "main");
	CHECK(copy != NULL && sqlite3_backup_step(copy, -1) == SQLITE_DONE);
	sqlite3_backup_finish(copy);
	sqlite3_close(target);
	sqlite3_close(source);
}

static void
open_store(size_t i, const char *root, const struct settings *settings)
{
	const struct service	*s = services[i];
	char			 from[512];
	struct db		*db;

	snprintf(from, sizeof(from), "%s/%s/%s.db", root, service_name(s->id),
	    service_name(s->id));
	snprintf(stores[i].path, sizeof(stores[i].path), "%s/%s.db", folder,
	    service_name(s->id));
	snprintf(stores[i].twin_path, sizeof(stores[i].twin_path),
	    "%s/%s-twin.db", folder, service_name(s->id));
	copy_store(from, stores[i].path);
	db = db_open(s, stores[i].path, false);
	op_tables_init(&stores[i].tables, s, db);
	db_close(&db);
	if (s->start != NULL)
		s->start(settings);
	session_open(&stores[i].session, &stores[i].tables, stores[i].path,
	    false);
	copy_store(stores[i].path, stores[i].twin_path);
	stores[i].twin = twin_open(stores[i].twin_path);
	if (s->opened == NULL)
		return;
	stores[i].tables.index = s->opened(s, stores[i].path);
	while (s->loading(stores[i].tables.index))
		sched_yield();
}

static void
remove_store(const char *name)
{
	static const char *const	ends[] = { "", "-wal", "-shm" };
	char				path[128];

	for (size_t i = 0; i < LEN(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", name, ends[i]);
		unlink(path);
	}
}

static void
remove_stores(void)
{
	for (size_t i = 0; i < LEN(stores); i++) {
		remove_store(stores[i].path);
		remove_store(stores[i].twin_path);
	}
	rmdir(folder);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char		*root = getenv("FUZZ_STORES");
	struct settings		 settings = {
		.admin_password = "", .admin_password_file = "",
		.bcrypt_cost = 4, .change_category = "staff",
		.login_failures_per_name = 10,
		.login_failures_per_address = 60, .token_seconds = 3600,
	};

	(void)argc, (void)argv;
	if (root == NULL) {
		fputs("call: FUZZ_STORES is not set: script/fuzz "
		    "makes the stores and sets it\n", stderr);
		exit(1);
	}
	log_set_level(LEVEL_ERROR);
	snprintf(folder, sizeof(folder), "%s/flicket-fuzz-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	CHECK(mkdtemp(folder) != NULL);
	atexit(remove_stores);
	for (size_t i = 0; i < LEN(services); i++)
		open_store(i, root, &settings);
	return 0;
}

/* --- calls ------------------------------------------------------------------ */

/* The n-th key that an operation takes; it may be any, too. */
static enum key
key_at(const struct op_info *info, uint8_t n)
{
	keyset		takes = keyset_union(info->needs, info->may);
	enum key	k = keyset_next(takes, 0);

	if (n >= 128)
		return (enum key)(n - 128);
	for (; k != KEY_END && n > 0; n--)
		k = keyset_next(takes, k + 1);
	return k;
}

static void
read_argument(struct input *in, const struct op_info *info, struct args *ret)
{
	enum key	key = key_at(info, input_byte(in));
	uint8_t		size = input_byte(in);

	if (key == KEY_END || key_info(key)->name == NULL)
		return;
	if (key_info(key)->type != KEY_INT)
		args_put_text(ret, key, input_text(in, size));
	else if (size < 0xf0)
		args_put_number(ret, key, size);
	else
		args_put_number(ret, key, input_number(in));
}

static bool
is_left_out(const struct op_info *info)
{
	return info->name == NULL || info->kind == OP_SLOW ||
	    info->kind == OP_LEAD || info->kind == OP_OWN;
}

/* Exports and pictures are not JSON; a placeholder stands for a path. */
static void
check_fragment(const struct call *c)
{
	json_t	*value;
	char	*copy;

	if (c->answer.error != OK || c->answer.fragment.len == 0 ||
	    c->request.op == OP_TICKET_EXPORT || c->request.op == OP_AVATAR_GET)
		return;
	copy = must_alloc(c->answer.fragment.len);
	memcpy(copy, c->answer.fragment.base, c->answer.fragment.len);
	for (size_t i = 0; i < c->answer.fragment.len; i++)
		if (copy[i] > 0 && copy[i] < PLACEHOLDER_END)
			copy[i] = '/';
	value = json_loadb(copy, c->answer.fragment.len, JSON_DECODE_ANY |
	    JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	CHECK(value != NULL);
	json_decref(value);
	free(copy);
}

/*
 * Nobody who is there can ask for what a store refuses; a peer that tells
 * of things that are not there, or sends ids that are no JSON, can.
 */
static void
check_answer(const struct call *c)
{
	enum who	who = op_info(c->request.op)->who;

	CHECK(c->answer.error < ERR_END && c->answer.error != ERR_INTERNAL);
	if (c->answer.error == ERR_STORE)
		CHECK(who == WHO_PROCESS);
	check_fragment(c);
}

static void
run(size_t store, struct call *c)
{
	struct session	*session = &stores[store].session;
	sqlite3		*db = db_sqlite(session->db);
	struct patch	*patch;

	CHECK(db_begin_write(session->db));
	patch = patch_begin(db);
	CHECK(patch != NULL && db_savepoint(session->db));
	op_call(session, c);
	check_answer(c);
	CHECK(db_in_transaction(session->db));
	if (c->answer.error != OK)
		CHECK(db_savepoint_undo(session->db));
	CHECK(db_savepoint_end(session->db));
	twin_compare(stores[store].twin, db, patch);
	patch_end(&patch);
	CHECK(db_rollback(session->db));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input		 in = { data, len };
	static struct call	 c;
	const struct op_info	*info;

	memset(&c, 0, sizeof(c));
	c.request.op = input_byte(&in);
	c.request.actor = 1 + input_byte(&in) % 8;	/* they are there */
	c.request.rights = input_byte(&in) & 7;
	c.request.request_id = TEXT_OF("fuzz");
	info = op_info(c.request.op);
	if (is_left_out(info))
		return 0;
	while (in.len > 0)
		read_argument(&in, info, &c.request.args);
	for (size_t i = 0; i < LEN(services); i++)
		if (services[i]->id == info->service ||
		    info->service == SERVICE_ANY)
			run(i, &c), call_done(&c);
	return 0;
}
