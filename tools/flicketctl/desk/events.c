/*
 * flicketctl events: events that were set aside because their consumer refuses
 * them for good (services/op/aside.c). They are listed from the stores. Only
 * the service that owns the store sends one again or drops it.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "base/paths.h"
#include "base/visible.h"
#include "proto/frame.h"

#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/term.h"
#include "tools/flicketctl/desk/peers.h"
#include "tools/flicketctl/store/peek.h"
#include "tools/flicketctl/store/select.h"

enum {
	WAIT_MS = 3000,		/* for the service to be there */
	SHOWN_MOST = 40		/* characters of a text in a line */
};

struct events {
	struct settings		 settings;
	struct frame_reader	*frames;
	json_t			*list;	/* objects, by service and number */
};

/* --- reading -------------------------------------------------------------------- */

/* The arguments of an event; null if they cannot be read. */
static json_t *
arguments_of(struct events *e, struct text frame)
{
	struct args	 args = { 0 };
	keyset		 keys;
	const union value *v;
	json_t		*o;

	frame_reader_start(e->frames, frame.base, frame.len);
	if (frame_next_args(e->frames, &args) != FRAME_ONE)
		return json_null();
	o = json_object();
	keys = keyset_difference(args_keys(&args), K(ORIGINAL));
	for (enum key k = keyset_next(keys, 0); k != KEY_END;
	    k = keyset_next(keys, k + 1)) {
		v = args_value(&args, k);
		json_object_set_new(o, key_info(k)->name,
		    key_info(k)->type == KEY_INT ? json_integer(v->number) :
		    json_stringn(v->text.base, v->text.len));
	}
	return o;
}

static const char *
op_name(int64_t code)
{
	const char	*name = code < 0 || code >= OP_END ? NULL :
			    op_info((uint64_t)code)->name;

	return name != NULL ? name : "?";
}

static const char *
consumer_name(int64_t id)
{
	return id < 1 || id >= SERVICE_END ? "?" :
	    service_name((enum service_id)id);
}

/* 0: an earlier event about the same thing is set aside. */
static const char *
refusal_name(int64_t error)
{
	return error == OK ? "waits for an earlier one" :
	    err_info((uint64_t)error)->reason;
}

static json_t *
event_of(struct events *e, const char *service, const struct select *r)
{
	char	date[32];
	time_t	s = (time_t)(select_number(r, 6) / 1000000);
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:I, s:s, s:o}",
	    "service", service, "number",
	    (json_int_t)select_number(r, 0), "since", date,
	    "to", consumer_name(select_number(r, 1)),
	    "event", op_name(select_number(r, 2)),
	    "actor", (json_int_t)select_number(r, 3),
	    "refusal", refusal_name(select_number(r, 5)),
	    "arguments", arguments_of(e, select_bytes(r, 4)));
}

/* Whether the store has the table; one of an older schema has not. */
static bool
has_events_table(struct sqlite3 *db)
{
	struct select	r = select_begin(db, "SELECT 1 FROM sqlite_schema WHERE "
			    "name = 'set_aside'");
	bool		has = select_next(&r);

	return !select_end(&r) || has;
}

static bool
collect_events(struct events *e, const char *service, struct sqlite3 *db)
{
	struct select	r;

	if (!has_events_table(db))
		return true;
	r = select_begin(db, "SELECT seq, consumer, op, actor, args, error, "
	    "date FROM set_aside ORDER BY seq");
	while (select_next(&r))
		json_array_append_new(e->list, event_of(e, service, &r));
	return select_end(&r) || cli_fail("the %s store cannot be read: %s",
	    service, select_error(db));
}

static bool
read_store(struct events *e, enum service_id id)
{
	const char	*service = service_name(id);
	const char	*path = paths_store(id);
	struct sqlite3	*db;
	bool		 ok;

	if (access(path, R_OK) == -1)
		return cli_fail("%s: %s", path, strerror(errno));
	db = peek_open(path);
	ok = collect_events(e, service, db);
	peek_close(db);
	return ok;
}

/*
 * Read the events of one service, or of all (SERVICE_ANY). False after a
 * message.
 */
static bool
read_events(struct events *e, enum service_id of)
{
	bool	ok = true;

	e->frames = frame_reader_new();
	e->list = json_array();
	for (unsigned id = 1; id < SERVICE_END && ok; id++)
		if (of == SERVICE_ANY || of == id)
			ok = read_store(e, (enum service_id)id);
	frame_reader_destroy(&e->frames);
	return ok;
}

static bool
enter_desk(struct events *e)
{
	bool	there;

	settings_load(&e->settings);
	if (!peers_enter(&e->settings, &there))
		return false;
	return there || cli_fail("there is no data folder %s; "
	    "FLICKET_DATA or --data says where it is", e->settings.data);
}

/* --- list ----------------------------------------------------------------------- */

static void
print_arguments(const json_t *event)
{
	json_t		*args = json_object_get(event, "arguments"), *value;
	const char	*name;

	if (json_is_null(args))
		fputs(" (cannot be read)", stdout);
	json_object_foreach(args, name, value)
		if (json_is_integer(value))
			visible_printf(stdout, " %s=%lld", name,
			    (long long)json_integer_value(value));
		else if (json_string_length(value) > SHOWN_MOST)
			visible_printf(stdout, " %s=(%zu bytes)", name,
			    json_string_length(value));
		else {
			char	*text = json_dumps(value, JSON_ENCODE_ANY);

			visible_printf(stdout, " %s=%s", name,
			    text == NULL ? "?" : text);
			free(text);
		}
}

static void
print_event(const json_t *event)
{
	char	number[24];

	snprintf(number, sizeof(number), "%lld",
	    (long long)member_number(event, "number"));
	term_put(TERM_PLAIN, member_text(event, "service"), 9);
	term_put(TERM_PLAIN, number, 9);
	term_put(TERM_PLAIN, member_text(event, "since"), 22);
	term_put(TERM_PLAIN, member_text(event, "to"), 9);
	printf("%s:", member_text(event, "event"));
	print_arguments(event);
	printf(" [%s]\n", member_text(event, "refusal"));
}

static void
print_events(const struct events *e)
{
	if (json_array_size(e->list) == 0) {
		puts("No event is set aside.");
		return;
	}
	term_put(TERM_BOLD, "SERVICE", 9);
	term_put(TERM_BOLD, "NUMBER", 9);
	term_put(TERM_BOLD, "SINCE", 22);
	term_put(TERM_BOLD, "TO", 9);
	term_put(TERM_BOLD, "EVENT", 0);
	putchar('\n');
	for (size_t i = 0; i < json_array_size(e->list); i++)
		print_event(json_array_get(e->list, i));
}

int
events_list_run(const struct cli *c)
{
	static struct events	e;

	if (!enter_desk(&e) ||
	    !read_events(&e, SERVICE_ANY))
		return STATUS_NOTHING;
	if (cli_has(c, "json")) {
		member_print(e.list);
	} else
		print_events(&e);
	json_decref(e.list);
	return STATUS_OK;
}

/* --- retry, drop ---------------------------------------------------------------- */

/* An operation on an event, and the word for it when it is done. */
struct deed {
	enum op_code	 op;
	const char	*done;
};

static enum service_id
find_service(const char *name)
{
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (strcmp(service_name((enum service_id)id), name) == 0)
			return (enum service_id)id;
	return SERVICE_ANY;
}

static bool
do_one(struct peers *peers, struct peer *peer,
    const struct deed *deed, int64_t number, bool listed)
{
	const char	*service = service_name(peer->service);
	struct args	 args = { 0 };
	struct answer	 a;
	struct text	 message;

	args_put_number(&args, KEY_SEQ, number);
	if (!peers_ask(peers, peer, deed->op, &args, &a))
		return cli_fail("the %s service did not answer; whether it "
		    "did what it was asked is not known", service);
	/* an earlier one about the same thing took it along */
	if (a.error == ERR_NOT_FOUND && listed)
		return true;
	if (a.error == ERR_NOT_FOUND)
		return cli_fail("%s: no event %lld is set aside", service,
		    (long long)number);
	message = peers_message(&a);
	if (a.error != OK)
		return cli_fail("%s: event %lld: %.*s", service,
		    (long long)number, (int)message.len, message.base);
	printf("%s: event %lld %s\n", service, (long long)number, deed->done);
	return true;
}

/* The number of an event on the command line; 0 if it is not a number. */
static int64_t
event_number(const char *text)
{
	int64_t	n;

	return number_read((struct text){ text, strlen(text) }, 1, INT64_MAX,
	    &n) ? n : 0;
}

static bool
do_given(const struct cli *c, struct peers *peers,
    struct peer *peer, const struct deed *deed)
{
	bool	ok = true;

	for (int i = 1; i < c->count; i++)
		ok = do_one(peers, peer, deed, event_number(c->args[i]),
		    false) && ok;
	return ok;
}

static bool
do_listed(struct events *e, struct peers *peers, struct peer *peer,
    const struct deed *deed)
{
	bool	ok = read_events(e, peer->service);

	if (ok && json_array_size(e->list) == 0)
		printf("No event of the %s service is set aside.\n",
		    service_name(peer->service));
	for (size_t i = 0; i < json_array_size(e->list); i++)
		ok = do_one(peers, peer, deed, member_number(
		    json_array_get(e->list, i), "number"), true) && ok;
	json_decref(e->list);
	return ok;
}

static bool
act_on_events(struct events *e, const struct cli *c, const struct deed *deed)
{
	static struct peers	 peers;
	enum service_id		 id = find_service(c->args[0]);
	struct peer		*peer;
	bool			 ok;

	peers_open(&peers, &e->settings, id);
	peers_ping(&peers, WAIT_MS, true);
	peer = peers_choose(&peers, id, true);
	if (peer == NULL)
		ok = cli_fail("the %s service does not answer; is the desk "
		    "running? `flicketctl status` tells", c->args[0]);
	else if (cli_has(c, "all"))
		ok = do_listed(e, &peers, peer, deed);
	else
		ok = do_given(c, &peers, peer, deed);
	peers_close(&peers);
	return ok;
}

static int
run_on_events(const struct cli *c, const struct deed *deed)
{
	static struct events	e;

	if (find_service(c->args[0]) == SERVICE_ANY)
		return cli_usage(c->command, "\"%s\" is not a service",
		    c->args[0]);
	if (cli_has(c, "all") == (c->count > 1))
		return cli_usage(c->command, "give the numbers of events, or "
		    "--all");
	for (int i = 1; i < c->count; i++)
		if (event_number(c->args[i]) == 0)
			return cli_usage(c->command, "\"%s\" is not the number "
			    "of an event", c->args[i]);
	return enter_desk(&e) && act_on_events(&e, c, deed) ? STATUS_OK :
	    STATUS_FAILED;
}

int
events_retry_run(const struct cli *c)
{
	return run_on_events(c, &(struct deed){ OP_EVENT_RETRY, "is sent again" });
}

int
events_drop_run(const struct cli *c)
{
	return run_on_events(c, &(struct deed){ OP_EVENT_DROP, "is dropped" });
}
