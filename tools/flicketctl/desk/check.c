/*
 * flicketctl check: look for faults of an installation. There is one function
 * for each kind of thing, which reports each finding in a line. Nothing is
 * changed: stores are opened read only, and no lock is taken.
 */
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/paths.h"
#include "services/store/service.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/findings.h"
#include "tools/flicketctl/desk/peers.h"
#include "tools/flicketctl/store/peek.h"
#include "tools/flicketctl/store/select.h"
#include "tools/flicketctl/store/schema.h"
#include "tools/flicketctl/desk/serve_desk.h"
#include "tools/flicketctl/store/replace.h"
#include "tools/flicketctl/store/stores.h"

enum {
	WAIT_MS = 1000,
	SPARE_MIB = 1024,	/* less free space: a warning */
	NEEDED_MIB = 100,	/* less: a failure */
	MESSAGE_BYTES = 12288	/* fits a message with a setting's value */
};

struct check {
	struct settings	settings;
	bool		quick;
	bool		has_data;	/* we are in the data folder */
	struct findings	findings;
};

/* Record a finding; `todo` says what to do about it (NULL: nothing). */
static void
found(struct check *k, enum verdict v, const char *what, const char *todo,
    const char *format, ...) __attribute__((format(printf, 5, 6)));

static void
found(struct check *k, enum verdict v, const char *what, const char *todo,
    const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	findings_add_with(&k->findings, v, what, todo, format, ap);
	va_end(ap);
}

/* How many findings are not CHECK_OK. */
static int
count_faults(const struct check *k)
{
	return k->findings.failed + k->findings.warned;
}

/* --- settings -------------------------------------------------------------- */

/*
 * settings_load() ends the process at the first value that is not valid. So a
 * child process calls it, whose message is returned; "" if all are valid.
 */
static void
try_settings(char *ret, size_t size)
{
	struct settings	 s;
	size_t		 len = 0;
	ssize_t		 n;
	int		 ends[2], status;
	pid_t		 child;

	ret[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) == -1 || (child = fork()) == -1)
		return;
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		settings_load(&s);
		_exit(0);
	}
	close(ends[1]);
	while (len < size - 1 &&
	    (n = read(ends[0], ret + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(ends[0]);
	ret[len] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	waitpid(child, &status, 0);
}

static void
check_values(struct check *k)
{
	char	why[MESSAGE_BYTES], name[128];
	size_t	len;

	for (try_settings(why, sizeof(why)); why[0] != '\0';
	    try_settings(why, sizeof(why))) {
		found(k, CHECK_FAIL, "settings",
		    "set it right; `flicketctl settings` lists the bounds",
		    "%s", why);
		len = strcspn(why, ": ");
		snprintf(name, sizeof(name), "%.*s", (int)len, why);
		/* without it the next one is found */
		if (getenv(name) == NULL)
			break;
		unsetenv(name);
	}
	settings_load(&k->settings);
}

static bool
is_local(const char *address)
{
	return strncmp(address, "127.", 4) == 0 ||
	    strncmp(address, "localhost:", 10) == 0 ||
	    strncmp(address, "[::1]:", 6) == 0;
}

static void
check_endpoints(struct check *k)
{
	for (unsigned a = 1; a < SERVICE_END; a++)
		for (unsigned b = a + 1; b < SERVICE_END; b++)
			if (strcmp(settings_endpoint(&k->settings,
			    (enum service_id)a), settings_endpoint(
			    &k->settings, (enum service_id)b)) == 0)
				found(k, CHECK_FAIL, "settings",
				    "give each service an endpoint of its own",
				    "the services %s and %s have the same "
				    "endpoint", service_name(
				    (enum service_id)a), service_name(
				    (enum service_id)b));
}

static void
check_settings(struct check *k)
{
	const struct settings	*s = &k->settings;
	int			 before = count_faults(k);

	check_values(k);
	check_endpoints(k);
	if (s->bind[0] != '\0')
		found(k, CHECK_WARN, "settings", "set it only for a service "
		    "that is started alone", "FLICKET_BIND is set: "
		    "flicketctl serve does not start with it");
	if (s->event_wait_ms >= s->request_timeout_ms)
		found(k, CHECK_WARN, "settings", "lower the first or raise the "
		    "second", "FLICKET_EVENT_WAIT_MS (%lld) is not below "
		    "FLICKET_REQUEST_TIMEOUT_MS (%lld): writes can be answered "
		    "503 although they were done", (long long)s->event_wait_ms,
		    (long long)s->request_timeout_ms);
	if (!is_local(s->listen) &&
	    strncmp(s->base_url, "http://localhost:", 17) == 0)
		found(k, CHECK_WARN, "settings", "set FLICKET_BASE_URL to the "
		    "URL that clients use", "FLICKET_LISTEN is %s, but links "
		    "in answers begin with %s", s->listen, s->base_url);
	if (s->bcrypt_cost < 10)
		found(k, CHECK_WARN, "settings", "set it to 12, the default",
		    "FLICKET_BCRYPT_COST is %lld: hashes that are stolen are "
		    "cheap to guess", (long long)s->bcrypt_cost);
	if (before == count_faults(k))
		found(k, CHECK_OK, "settings", NULL, "every value fits");
}

/* --- data folder and disk -------------------------------------------------- */

static void
check_mode(struct check *k, const char *path, const char *shown)
{
	struct stat	st;

	if (stat(path, &st) == -1)
		return;
	if (st.st_mode & 077)
		found(k, CHECK_WARN, "data", "chmod go= it", "%s can be used "
		    "by other users of this machine (mode %03o)", shown,
		    (unsigned)st.st_mode & 0777);
	if (st.st_uid != geteuid() && geteuid() != 0)
		found(k, CHECK_WARN, "data", "run this as its owner",
		    "%s belongs to the user with the id %u", shown,
		    (unsigned)st.st_uid);
}

static bool
is_remote(long type)
{
	return type == NFS_SUPER_MAGIC || type == SMB_SUPER_MAGIC ||
	    type == CIFS_SUPER_MAGIC || type == SMB2_SUPER_MAGIC;
}

static void
check_data(struct check *k)
{
	struct statfs	fs;
	int		before = count_faults(k);

	k->has_data = chdir(k->settings.data) == 0;
	if (!k->has_data) {
		found(k, CHECK_FAIL, "data", errno == ENOENT ? "start the desk "
		    "once, or say --data DIR" : "run this as its owner",
		    "FLICKET_DATA: \"%s\" cannot be entered: %s",
		    k->settings.data, strerror(errno));
		return;
	}
	if (access(".", W_OK) == -1)
		found(k, CHECK_FAIL, "data", "give the user that the services "
		    "run as the right to write", "\"%s\" cannot be written: %s",
		    k->settings.data, strerror(errno));
	check_mode(k, ".", k->settings.data);
	check_mode(k, PATHS_STORES, PATHS_STORES "/");
	if (statfs(".", &fs) == 0 && is_remote((long)fs.f_type))
		found(k, CHECK_FAIL, "data", "move it to a local disk",
		    "\"%s\" is on a network file system: SQLite's locks do not "
		    "hold there", k->settings.data);
	if (access(PATHS_ADMIN_PASSWORD, F_OK) == 0)
		found(k, CHECK_WARN, "data", "read it, then delete it",
		    PATHS_ADMIN_PASSWORD " still holds admin's first password");
	if (before == count_faults(k))
		found(k, CHECK_OK, "data", NULL, "\"%s\" is ours alone",
		    k->settings.data);
}

/* The disk that a folder is on; `shown` names the folder. */
static void
check_disk_of(struct check *k, const char *folder, const char *shown)
{
	struct statvfs	v;
	uint64_t	mib;
	enum verdict	verdict = CHECK_OK;

	if (statvfs(folder, &v) == -1)
		return;
	mib = (uint64_t)v.f_bavail * v.f_frsize >> 20;
	if (mib < SPARE_MIB)
		verdict = CHECK_WARN;
	if (mib < NEEDED_MIB || (v.f_files > 0 && v.f_favail < 100))
		verdict = CHECK_FAIL;
	found(k, verdict, "disk", verdict == CHECK_OK ? NULL :
	    "make room: a full disk stops every write",
	    "%llu MiB free on the disk of %s%s", (unsigned long long)mib, shown,
	    v.f_files > 0 && v.f_favail < 100 ? ", and no inodes left" : "");
}

static bool
is_among(dev_t device, const dev_t *seen, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (seen[i] == device)
			return true;
	return false;
}

/*
 * Each disk that a store is on, or will be. In containers the stores are
 * volumes, and the data folder around them may be small.
 */
static void
check_disk(struct check *k)
{
	struct stat	 data, st;
	dev_t		 seen[SERVICE_END];
	size_t		 count = 0;
	const char	*folder;

	if (!k->has_data || stat(".", &data) == -1)
		return;
	for (unsigned s = 1; s < SERVICE_END; s++) {
		folder = paths_store_folder((enum service_id)s);
		if (stat(folder, &st) == -1)
			st = data;
		if (is_among(st.st_dev, seen, count))
			continue;
		seen[count++] = st.st_dev;
		if (st.st_dev == data.st_dev)
			check_disk_of(k, ".", "the data folder");
		else
			check_disk_of(k, folder, folder);
	}
}

/* --- stores ---------------------------------------------------------------- */

static const struct service *const services[] = {
	&user_service, &ticket_service, &post_service, &lookup_service,
};
#define SERVICE_COUNT	(sizeof(services) / sizeof(services[0]))

/* The first column of the first row of a query; false with SQLite's reason. */
static bool
read_first_value(struct sqlite3 *db, const char *sql, char *ret, size_t size)
{
	struct select	r = select_begin(db, sql);
	bool		ok = select_next(&r);

	snprintf(ret, size, "%s", ok ? select_text(&r, 0) : select_error(db));
	(void)select_end(&r);
	return ok;
}

struct place {
	struct check	*check;
	const char	*what;
};

static void
found_difference(void *arg, const char *line)
{
	const struct place	*p = arg;

	found(p->check, CHECK_FAIL, p->what, "restore a backup", "%s", line);
}

static void
check_tables(struct check *k, const struct service *s, const char *what,
    struct sqlite3 *db, int64_t have)
{
	struct place	place = { k, what };

	if (!schema_compare(db, "main", s, have, found_difference, &place))
		found(k, CHECK_FAIL, what, "restore a backup",
		    "its schema cannot be read: %s", select_error(db));
}

static void
check_schema(struct check *k, const struct service *s, const char *what,
    struct sqlite3 *db)
{
	char		text[256];
	long long	have, newest = 0;

	while (s->migrations[newest] != NULL)
		newest++;
	if (!read_first_value(db, "PRAGMA user_version", text, sizeof(text))) {
		found(k, CHECK_FAIL, what, "restore a backup",
		    "the store cannot be read: %s", text);
		return;
	}
	have = strtoll(text, NULL, 10);
	if (have > newest)
		found(k, CHECK_FAIL, what, "run the newer programs, or restore "
		    "a backup", "the store has schema %lld, newer than %lld, "
		    "which these programs know", have, newest);
	else if (have < newest)
		found(k, CHECK_WARN, what, "make a backup, then start the "
		    "service: it brings the store up to date", "the store has "
		    "schema %lld, these programs make it %lld", have, newest);
	else
		found(k, CHECK_OK, what, NULL, "schema %lld", have);
	if (have > 0 && have <= newest)
		check_tables(k, s, what, db, have);
}

static void
check_pages(struct check *k, const char *what, struct sqlite3 *db)
{
	char	text[256];
	bool	ok = read_first_value(db, "PRAGMA quick_check(1)", text,
		    sizeof(text));

	if (ok && strcmp(text, "ok") == 0)
		found(k, CHECK_OK, what, NULL, "quick_check finds nothing");
	else
		found(k, CHECK_FAIL, what, "stop the desk and restore a backup",
		    "the store is damaged: %s", text);
}

/* A store of an older schema has no such events. */
static void
check_events(struct check *k, const char *what, struct sqlite3 *db)
{
	char	text[256];

	if (!read_first_value(db, "SELECT count(*) FROM set_aside", text,
	    sizeof(text)) || strcmp(text, "0") == 0)
		return;
	found(k, CHECK_WARN, what, "see `flicketctl events list`; mend what "
	    "refuses them and have them sent again, or drop them", "%s events "
	    "were refused for good by another service and set aside", text);
}

/* A store that was changed in the future: the clock was set back. */
static void
check_dates(struct check *k, const char *what, const char *path)
{
	struct stat	st;

	if (stat(path, &st) == 0 && st.st_mtime > time(NULL) + 60)
		found(k, CHECK_FAIL, what, "set the clock right", "the store "
		    "was changed in the future: the clock was set back by "
		    "%lld s", (long long)(st.st_mtime - time(NULL)));
}

/* Whether the file is not this service's store, after a report of that. */
static bool
is_out_of_place(struct check *k, const struct store_seen *seen,
    const char *what, const char *path)
{
	if (seen->state == STORE_OTHERS)
		found(k, CHECK_FAIL, what, "put each store into its own place",
		    "%s is a store of the %s service", path,
		    service_name(seen->whose));
	else if (seen->state == STORE_ODD)
		found(k, CHECK_FAIL, what, "restore a backup",
		    "%s cannot be read: %s", path, seen->why);
	else if (seen->known_by != SERVICE_ANY)
		found(k, CHECK_FAIL, what, "put back the one that belongs to "
		    "the others, or restore a backup", "%s %s: the %s service "
		    "has heard of another store in its place", path,
		    seen->state == STORE_THERE ? "is another desk's" :
		    "is missing or empty", service_name(seen->known_by));
	return seen->state == STORE_OTHERS || seen->state == STORE_ODD ||
	    (seen->state != STORE_THERE && seen->known_by != SERVICE_ANY);
}

static void
check_store(struct check *k, const struct service *s,
    const struct store_seen *seen)
{
	const char	*path = paths_store(s->id);
	char		 what[32];
	struct sqlite3		*db;

	snprintf(what, sizeof(what), "store %s", service_name(s->id));
	if (is_out_of_place(k, seen, what, path))
		return;
	if (access(path, R_OK) == -1) {
		found(k, errno == ENOENT ? CHECK_WARN : CHECK_FAIL, what,
		    errno == ENOENT ? "start the service: it makes its store" :
		    "run this as its owner", "%s: %s", path, strerror(errno));
		return;
	}
	check_mode(k, path, path);
	check_dates(k, what, path);
	db = peek_open(path);
	check_schema(k, s, what, db);
	check_events(k, what, db);
	if (!k->quick)
		check_pages(k, what, db);
	peek_close(db);
}

static void
check_stores(struct check *k)
{
	static struct store_seen	seen[SERVICE_END];
	const char			*replaced;

	if (!k->has_data)
		return;
	if (replace_is_pending(&replaced))
		found(k, CHECK_FAIL, "stores", "if none runs: `flicketctl "
		    "restore --continue`", "a restore or an import is under way "
		    "in %s, or was interrupted", replaced);
	stores_look(seen);
	for (size_t i = 0; i < SERVICE_COUNT; i++)
		check_store(k, services[i], &seen[services[i]->id]);
}

/* --- processes ------------------------------------------------------------- */

static void
check_peer(struct check *k, const struct peer *p, bool any)
{
	const char	*name = service_name(p->service);

	if (p->refuses)
		found(k, CHECK_FAIL, "process", "set FLICKET_KEYS as the "
		    "services have it", "the %s service at %s refuses "
		    "connections with our keys", name, p->replica->endpoint);
	else if (!p->answered)
		found(k, any ? CHECK_FAIL : CHECK_WARN, "process",
		    any ? "look at its log" : "`flicketctl serve` starts all",
		    "the %s service does not answer at %s", name,
		    p->replica->endpoint);
	else if (p->version[0] != '\0' &&
	    strcmp(p->version, FLICKET_VERSION) != 0)
		found(k, CHECK_WARN, "process", "restart it, if you have "
		    "upgraded", "the %s service is of version %s, this "
		    "program of %s", name, p->version, FLICKET_VERSION);
	else
		found(k, CHECK_OK, "process", NULL, "the %s service answers "
		    "at %s within %lld ms", name, p->replica->endpoint,
		    (long long)p->rtt_ms);
}

static void
check_gateway(struct check *k, bool any)
{
	char	address[512], body[4096];
	int	status;

	desk_look_up_address(k->has_data, k->settings.listen, address,
	    sizeof(address));
	status = desk_ask_ready(address, k->settings.tls_cert[0] != '\0', body,
	    sizeof(body));
	if (status == 200)
		found(k, CHECK_OK, "process", NULL, "the gateway is ready at "
		    "%s", address);
	else if (status == 0 && k->settings.tls_cert[0] == '\0' &&
	    desk_speaks_tls(address))
		found(k, CHECK_FAIL, "process", "set FLICKET_TLS_CERT and "
		    "FLICKET_TLS_KEY as it has them", "the gateway at %s "
		    "speaks TLS", address);
	else if (status != 0)
		found(k, CHECK_FAIL, "process", "`flicketctl status` tells "
		    "which", "the gateway at %s misses a service", address);
	else
		found(k, any ? CHECK_FAIL : CHECK_WARN, "process",
		    any ? "look at its log" : "`flicketctl serve` starts all",
		    "no gateway answers at %s", address);
}

static void
check_processes(struct check *k)
{
	static struct peers	p;
	bool			any = false;

	if (log_get_level() < LEVEL_DEBUG)
		log_set_level(LEVEL_ERROR);
	zsys_handler_set(NULL);
	peers_open(&p, &k->settings, SERVICE_ANY);
	peers_ping(&p, WAIT_MS, false);
	peers_find_refusals(&p, &k->settings);
	for (int i = 0; i < p.count; i++)
		any = any || p.peer[i].answered;
	for (int i = 0; i < p.count; i++)
		check_peer(k, &p.peer[i], any);
	peers_close(&p);
	check_gateway(k, any);
}

/* --- clock ----------------------------------------------------------------- */

static void
check_clock(struct check *k)
{
	struct timex	t = { 0 };
	int		state = adjtimex(&t);

	if (state == -1)
		found(k, CHECK_WARN, "clock", NULL, "whether the clock is kept "
		    "right cannot be asked: %s", strerror(errno));
	else if (state == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
		found(k, CHECK_WARN, "clock", "install chrony, or "
		    "systemd-timesyncd", "nothing keeps this machine's clock "
		    "right: dates of tickets, and when tokens end, may be off");
	else
		found(k, CHECK_OK, "clock", NULL, "is kept right, to %ld ms",
		    t.maxerror / 1000);
}

/* --- the command ----------------------------------------------------------- */

/* In this order: settings say where the data is. A new check is a row. */
static void (*const checks[])(struct check *) = {
	check_settings,
	check_data,
	check_disk,
	check_stores,
	check_processes,
	check_clock,
};

int
check_run(const struct cli *c)
{
	static struct check	k;

	findings_begin(&k.findings);
	k.quick = cli_has(c, "quick");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](&k);
	return findings_end(&k.findings, cli_has(c, "json"));
}
