/*
 * flicketctl status: every process of the desk at a glance. The services are
 * asked over the wire, the gateway for /readyz. A value that a process of an
 * older version does not tell is shown as a dash.
 */
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/paths.h"
#include "base/visible.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/term.h"
#include "tools/flicketctl/desk/peers.h"
#include "tools/flicketctl/desk/serve_desk.h"
#include "tools/flicketctl/store/replace.h"

enum {
	STATUS_DEGRADED = STATUS_FAILED,
	STATUS_UNREACHABLE = STATUS_NOTHING,
	WAIT_MS = 1000,
	INTERVAL_S = 2
};

struct gateway {
	char	address[512];
	int	status;		/* of /readyz; 0: no answer */
	bool	has_tls;	/* and we have no setting that says so */
	char	body[4096];
};

struct desk {
	struct settings	settings;
	bool		 has_data;	/* we are in the data folder */
	const char	*gateway_at;	/* --gateway, or NULL */
	struct peers	 peers;
	struct gateway	 gateway;
	struct disk	 disk;		/* of the data folder, if we are in it */
};

static volatile sig_atomic_t	stopped;

static void
on_signal(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void
ask_gateway(struct desk *d)
{
	struct gateway	*g = &d->gateway;

	if (d->gateway_at != NULL)
		snprintf(g->address, sizeof(g->address), "%s", d->gateway_at);
	else
		desk_look_up_address(d->has_data, d->settings.listen,
		    g->address, sizeof(g->address));
	g->status = desk_ask_ready(g->address,
	    d->settings.tls_cert[0] != '\0', g->body, sizeof(g->body));
	g->has_tls = g->status == 0 && d->settings.tls_cert[0] == '\0' &&
	    desk_speaks_tls(g->address);
}

#define STATE_WIDTH	14
#define AT_WIDTH	23	/* ipc://run/lookup.sock */
#define STATE_TLS	"speaks TLS"
#define STATE_KEYS	"refused: keys"

/* --- judging --------------------------------------------------------------- */

static const char *
state_of(const struct peer *p)
{
	if (!p->answered)
		return p->refuses ? STATE_KEYS : "down";
	return args_number(&p->extra, KEY_LEAVING, 0) != 0 ? "leaving" : "up";
}

static const char *
state_of_gateway(const struct gateway *g)
{
	if (g->status == 0)
		return g->has_tls ? STATE_TLS : "down";
	return g->status == 200 ? "ready" : "not ready";
}

/* Whether some process of a service takes writes. */
static bool
has_writer(const struct peers *p, enum service_id service)
{
	for (int i = 0; i < p->count; i++)
		if (p->peer[i].service == service && p->peer[i].answered &&
		    p->peer[i].replica->writes && !p->peer[i].replica->leaving)
			return true;
	return false;
}

static int
judge(const struct desk *d)
{
	int	up = d->gateway.status != 0 || d->gateway.has_tls, all = d->gateway.status == 200;

	for (int i = 0; i < d->peers.count; i++) {
		up += d->peers.peer[i].answered || d->peers.peer[i].refuses;
		all = all && d->peers.peer[i].answered &&
		    has_writer(&d->peers, d->peers.peer[i].service);
	}
	if (up == 0)
		return STATUS_UNREACHABLE;
	all = all && d->disk.state != DISK_FULL;
	return all ? STATUS_OK : STATUS_DEGRADED;
}

static const char *const verdicts[] = {
	[STATUS_OK] = "up", [STATUS_DEGRADED] = "degraded",
	[STATUS_UNREACHABLE] = "unreachable",
};

/* --- as a table ------------------------------------------------------------ */

enum form { NUMBER_FORM, RUN, YES_NO, MILLISECONDS, DURATION };

/* The values in an answer to PING that are shown, those that matter first. */
static const struct {
	enum key	 key;
	const char	*head;
	enum form	 form;
	int		 width;
} columns[] = {
	{ KEY_WRITES, "WRITES", YES_NO, 8 },
	{ KEY_UPTIME_MS, "UPTIME", DURATION, 9 },
	{ KEY_UNDELIVERED, "OUTBOX", NUMBER_FORM, 8 },
	{ KEY_OUTBOX_LAG_MS, "LAG", MILLISECONDS, 9 },
	{ KEY_SET_ASIDE, "ASIDE", NUMBER_FORM, 7 },
	{ KEY_QUEUED, "QUEUED", NUMBER_FORM, 8 },
	{ KEY_SCHEMA, "SCHEMA", NUMBER_FORM, 8 },
	{ KEY_INSTANCE, "RUN", RUN, 10 },
};
#define COLUMN_COUNT	(sizeof(columns) / sizeof(columns[0]))

static void
format_value(char ret[32], int64_t n, enum form form)
{
	long long	s = n / 1000;

	if (form == YES_NO)
		snprintf(ret, 32, "%s", n != 0 ? "yes" : "no");
	else if (form == RUN)	/* enough of it to tell runs apart */
		snprintf(ret, 32, "%08x", (unsigned)(uint64_t)n);
	else if (form == NUMBER_FORM)
		snprintf(ret, 32, "%lld", (long long)n);
	else if (form == MILLISECONDS && n < 10000)
		snprintf(ret, 32, "%lld ms", (long long)n);
	else if (s < 120)
		snprintf(ret, 32, "%lld s", s);
	else if (s < 7200)
		snprintf(ret, 32, "%lld min", s / 60);
	else if (s < 172800)
		snprintf(ret, 32, "%lld h", s / 3600);
	else
		snprintf(ret, 32, "%lld d", s / 86400);
}

/* Whether there is room for a column: on a narrow terminal the last ones go. */
static bool
is_shown(size_t column)
{
	int	at = 9 + STATE_WIDTH + 9 + AT_WIDTH;

	if (!isatty(STDOUT_FILENO))
		return true;
	for (size_t i = 0; i <= column; i++)
		at += columns[i].width;
	return at <= term_width(stdout);
}

static void
print_left_out(void)
{
	bool	any = false;

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (!is_shown(i)) {
			printf("%s %s", any ? "," :
			    "\nWithout room for:", columns[i].head);
			any = true;
		}
	if (any)
		puts(" (--json has all)");
}

static void
print_head(void)
{
	term_put(TERM_BOLD, "PROCESS", 9);
	term_put(TERM_BOLD, "STATE", STATE_WIDTH);
	term_put(TERM_BOLD, "VERSION", 9);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (is_shown(i))
			term_put(TERM_BOLD, columns[i].head,
			    columns[i].width);
	term_put(TERM_BOLD, "AT", 0);
	putchar('\n');
}

static enum term_colour
colour_of(const char *state)
{
	if (strcmp(state, "up") == 0 || strcmp(state, "ready") == 0)
		return TERM_GREEN;
	return strcmp(state, "down") == 0 ? TERM_RED : TERM_YELLOW;
}

static void
print_peer(const struct peer *p)
{
	char	text[32];

	term_put(TERM_PLAIN, service_name(p->service), 9);
	term_put(colour_of(state_of(p)), state_of(p), STATE_WIDTH);
	term_put(TERM_PLAIN, p->answered && p->version[0] != '\0' ?
	    p->version : "-", 9);
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		snprintf(text, sizeof(text), "-");
		if (p->answered && args_has(&p->extra, columns[i].key))
			format_value(text, args_number(&p->extra,
			    columns[i].key, 0), columns[i].form);
		if (is_shown(i))
			term_put(TERM_PLAIN, text, columns[i].width);
	}
	visible_printf(stdout, "%s\n", p->replica->endpoint);
}

static void
print_gateway(const struct gateway *g)
{
	const char	*state = state_of_gateway(g);

	term_put(TERM_PLAIN, "gateway", 9);
	term_put(colour_of(state), state, STATE_WIDTH);
	term_put(TERM_PLAIN, "-", 9);
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (is_shown(i))
			term_put(TERM_PLAIN, "-", columns[i].width);
	visible_printf(stdout, "%s\n", g->address);
}

/* What to set, where something is there and does not talk to us. */
static void
print_hints(const struct desk *d)
{
	bool	refused = false;

	for (int i = 0; i < d->peers.count; i++)
		refused = refused || d->peers.peer[i].refuses;
	if (d->gateway.has_tls)
		puts("\nThe gateway speaks TLS: set FLICKET_TLS_CERT and "
		    "FLICKET_TLS_KEY as it has them.");
	if (refused && d->settings.keys[0] == '\0')
		puts("\nThe services want a key: set FLICKET_KEYS as they have "
		    "it.");
	else if (refused)
		puts("\nThe services do not answer with the keys in "
		    "FLICKET_KEYS: they have others, or none.");
}

static void
print_desk_table(const struct desk *d)
{
	int	status = judge(d);

	print_head();
	print_gateway(&d->gateway);
	for (int i = 0; i < d->peers.count; i++)
		print_peer(&d->peers.peer[i]);
	print_left_out();
	if (d->disk.state != DISK_OK)
		printf("\nThe disk is %s: %lld MiB are free. A full disk "
		    "refuses every write.\n", disk_state_name(d->disk.state),
		    (long long)(d->disk.free_bytes >> 20));
	print_hints(d);
	fputs("\nThe desk is ", stdout);
	term_put(status == STATUS_OK ? TERM_GREEN : status == STATUS_DEGRADED ?
	    TERM_YELLOW : TERM_RED, verdicts[status], 0);
	puts(".");
}

/* --- as JSON --------------------------------------------------------------- */

static json_t *
peer_json(const struct peer *p)
{
	json_t	*o = json_pack("{s:s, s:s, s:s}", "service",
		    service_name(p->service), "endpoint", p->replica->endpoint,
		    "state", state_of(p));

	json_object_set_new(o, "version", p->answered && p->version[0] != '\0' ?
	    json_string(p->version) : json_null());
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		json_t	*value = json_null();
		int64_t	 n = args_number(&p->extra, columns[i].key, 0);
		char	 text[32];

		format_value(text, n, columns[i].form);
		if (p->answered && args_has(&p->extra, columns[i].key))
			value = columns[i].form == YES_NO ?
			    json_boolean(n != 0) : columns[i].form == RUN ?
			    json_string(text) : json_integer(n);
		json_object_set_new(o, key_info(columns[i].key)->name, value);
	}
	json_object_set_new(o, "rtt_ms", p->answered ?
	    json_integer(p->rtt_ms) : json_null());
	return o;
}

static void
print_desk_json(const struct desk *d, bool one_line)
{
	const struct gateway	*g = &d->gateway;
	json_t			*root, *list = json_array(), *body;

	for (int i = 0; i < d->peers.count; i++)
		json_array_append_new(list, peer_json(&d->peers.peer[i]));
	body = json_loads(g->body, 0, NULL);
	root = json_pack("{s:s, s:{s:s, s:s, s:O?}, s:o}", "status",
	    verdicts[judge(d)], "gateway", "address", g->address, "state",
	    state_of_gateway(g), "services",
	    json_object_get(body, "services"), "processes", list);
	if (d->has_data)
		json_object_set_new(root, "disk", json_pack("{s:s, s:I}",
		    "state", disk_state_name(d->disk.state), "free_bytes",
		    (json_int_t)d->disk.free_bytes));
	(void)member_print_as(root, one_line ? JSON_COMPACT : JSON_INDENT(2));
	json_decref(body);
	json_decref(root);
}

/* --- the command ----------------------------------------------------------- */

static void
catch_signals(void)
{
	struct sigaction	action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* The fullest of the disks that the data folder and the stores are on. */
static struct disk
worst_disk(void)
{
	struct disk	worst = disk_look("."), d;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		d = disk_look(paths_store(id));
		if (d.free_bytes < worst.free_bytes)
			worst = d;
	}
	return worst;
}

/* Names are resolved anew each time, as processes come and go. */
static void
look_at_desk(struct desk *d)
{
	if (d->peers.frames != NULL)
		peers_close(&d->peers);
	peers_open(&d->peers, &d->settings, SERVICE_ANY);
	peers_ping(&d->peers, WAIT_MS, false);
	peers_find_refusals(&d->peers, &d->settings);
	ask_gateway(d);
	d->disk = d->has_data ? worst_disk() : (struct disk){ DISK_OK, -1 };
}

static void
watch(struct desk *d, const struct cli *c)
{
	struct timespec	pause = { .tv_sec = cli_number(c, "interval",
			    INTERVAL_S) };

	catch_signals();
	while (!stopped) {
		look_at_desk(d);
		if (stopped)
			break;
		if (cli_has(c, "json"))
			print_desk_json(d, true);
		else {
			if (!term_clear())
				putchar('\n');
			print_desk_table(d);
		}
		if (fflush(stdout) != 0)
			break;
		nanosleep(&pause, NULL);
	}
}

static void
note_replacement(const struct desk *d)
{
	const char	*folder;

	if (d->has_data && replace_is_pending(&folder))
		fprintf(stderr, "%s/%s: a restore or an import is under way, or "
		    "was interrupted: if none runs, say `flicketctl restore "
		    "--continue`\n", d->settings.data, folder);
}

int
status_run(const struct cli *c)
{
	static struct desk	d;
	int			status;

	settings_load(&d.settings);
	d.gateway_at = cli_value(c, "gateway");
	if (!peers_enter(&d.settings, &d.has_data))
		return STATUS_UNREACHABLE;
	note_replacement(&d);
	if (cli_has(c, "watch"))
		watch(&d, c);
	else {
		look_at_desk(&d);
		if (cli_has(c, "json"))
			print_desk_json(&d, false);
		else
			print_desk_table(&d);
	}
	status = judge(&d);
	peers_close(&d.peers);
	return status;
}
