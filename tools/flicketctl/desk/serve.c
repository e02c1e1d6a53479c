/*
 * The supervisor: one loop that waits for signals and for the next thing that
 * is due, never for a child. It stays in the folder in which it was started, as
 * the children's FLICKET_DATA may be relative to it, and opens its own files
 * below `data`, a descriptor.
 */
#include "tools/flicketctl/cli/cli.h"

#include <sys/file.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/listener.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/process/harden.h"
#include "base/process/rlimits.h"
#include "base/settings.h"
#include "tools/flicketctl/desk/desk_settings.h"
#include "tools/flicketctl/desk/notify.h"
#include "tools/flicketctl/desk/serve_children.h"
#include "tools/flicketctl/desk/serve_desk.h"
#include "tools/flicketctl/desk/serve_restart.h"
#include "tools/flicketctl/store/replace.h"
#include "tools/flicketctl/store/stores.h"

enum {
	CLAIM_MS = 5000,	/* for an earlier supervisor to end */
	ASK_EVERY_MS = 100,
	LATE_MS = 15000,	/* a message if the desk is not ready by then */
	STOP_SERVICES_MS = 3000, /* the gateway needs them to finish */
	STOP_KILL_MS = 4000,
	STOP_LEAVE_MS = 4800	/* even if a killed process hangs in I/O */
};

struct supervisor {
	struct settings	settings;
	char		address[512];	/* the gateway's */
	bool		handed;		/* its socket was given to us */
	struct children	children;
	struct restarts	restarts;
	sigset_t	signals;	/* blocked, but for sigtimedwait() */
	int		data;		/* FLICKET_DATA */
	int		lock;		/* held as long as we live */
	bool		had_terminal;
	bool		ready;		/* everything was up, once */
	bool		said_late;	/* that it is not ready yet */
	int64_t		begun_ms;
	int64_t		ask_ms;		/* not ready: when to ask again */
	int64_t		stop_ms;	/* stopping since; 0: not stopping */
	bool		stop_sent;	/* the services were told, too */
	bool		kill_sent;
	int		status;		/* what to exit with */
};

static void
begin_stop(struct supervisor *s, int status)
{
	if (s->stop_ms != 0)
		return;
	s->stop_ms = now_ms();
	s->status = status;
	notify_tell("STOPPING=1");
	/* the port is free when the gateway has closed its copy */
	close(s->children.listener);
	children_end(&s->children, GATEWAY, GATEWAY);
}

/* Do the step of stopping that is due. */
static void
go_on_stopping(struct supervisor *s)
{
	int64_t	since = now_ms() - s->stop_ms;

	if (!s->stop_sent && (since >= STOP_SERVICES_MS ||
	    !children_alive(&s->children, GATEWAY, GATEWAY))) {
		children_end(&s->children, FIRST_SERVICE, LAST_SERVICE);
		s->stop_sent = true;
	}
	if (!s->kill_sent && since >= STOP_KILL_MS) {
		children_signal(&s->children, FIRST_SERVICE, GATEWAY, SIGKILL);
		s->kill_sent = true;
	}
}

static void
take_deaths(struct supervisor *s)
{
	int	i, status;

	while (children_reap(&s->children, &i, &status)) {
		if (s->stop_ms != 0)
			continue;
		if (s->ready || !WIFEXITED(status) ||
		    WEXITSTATUS(status) != 2) {
			children_restart(&s->children, i, status);
			continue;
		}
		log_error("%s refused to work; stopping", children_name(i));
		begin_stop(s, 2);
	}
}

static bool
is_ready(const struct supervisor *s, char *ret_body, size_t size)
{
	return desk_ask_ready(s->address, s->settings.tls_cert[0] != '\0',
	    ret_body, size) == 200;
}

static void
ask_ready(struct supervisor *s)
{
	char	body[4096] = "";

	if (is_ready(s, body, sizeof(body))) {
		s->ready = true;
		desk_greet(s->data, s->address,
		    s->settings.tls_cert[0] != '\0');
		notify_tell("READY=1\nSTATUS=Every service answers");
	} else if (!s->said_late && now_ms() - s->begun_ms >= LATE_MS) {
		s->said_late = true;
		desk_say_missing(body, LATE_MS / 1000);
		/* it works as far as it can: nothing need wait for it */
		notify_tell("READY=1\nSTATUS=Not every service answers");
	}
	s->ask_ms = now_ms() + ASK_EVERY_MS;
}

static void
go_on_restarting(struct supervisor *s)
{
	char	body[4096];

	if (restarts_due(&s->restarts) > now_ms() || s->stop_ms != 0)
		return;
	if (restarts_may_ask(&s->restarts, &s->children))
		restarts_note(&s->restarts, is_ready(s, body, sizeof(body)));
	restarts_go_on(&s->restarts, &s->children);
}

static void
reload(struct supervisor *s)
{
	const char	*cert = s->settings.tls_cert, *keys = s->settings.keys;

	children_signal(&s->children, FIRST_SERVICE, GATEWAY, SIGHUP);
	if (cert[0] == '\0' && keys[0] == '\0')
		log_info("SIGHUP: nothing to read anew, neither FLICKET_TLS_CERT "
		    "nor FLICKET_KEYS is set; other settings need a restart");
	else
		log_info("SIGHUP: every process was told to read anew:%s%s%s%s; "
		    "each says so, or why not; other settings need a restart",
		    cert[0] == '\0' ? "" : " the certificate ", cert,
		    keys[0] == '\0' ? "" : " the keys in ", keys);
}

static void
take_signal(struct supervisor *s, const siginfo_t *info)
{
	bool	hung_up = s->had_terminal && !isatty(STDERR_FILENO);
	int	signo = info->si_signo;

	if (signo == SIGCHLD)
		take_deaths(s);
	else if (signo == SIGUSR1)
		restarts_ask(&s->restarts, info);
	else if (signo == SIGHUP && !hung_up)
		reload(s);
	else
		begin_stop(s, 0);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The time of the next thing to do that no signal announces. */
static int64_t
next_due(const struct supervisor *s)
{
	int64_t	at = INT64_MAX;

	if (s->stop_ms != 0) {
		at = s->stop_ms + STOP_LEAVE_MS;
		if (!s->kill_sent)
			at = s->stop_ms + STOP_KILL_MS;
		if (!s->stop_sent)
			at = s->stop_ms + STOP_SERVICES_MS;
		return at;
	}
	if (!s->ready)
		at = s->ask_ms;
	at = earlier(at, restarts_due(&s->restarts));
	return earlier(at, children_next_start(&s->children));
}

/* Wait for a signal until a moment of now_ms(); false if none came. */
static bool
wait_signal(const struct supervisor *s, int64_t until, siginfo_t *ret)
{
	int64_t		 now = now_ms();
	int64_t		 left = until > now ? until - now : 0;
	struct timespec	 limit = { .tv_sec = earlier(left / 1000, 3600),
	    .tv_nsec = left % 1000 * 1000000 };

	return sigtimedwait(&s->signals, ret, &limit) > 0;
}

static bool
is_over(const struct supervisor *s)
{
	return s->stop_ms != 0 &&
	    (!children_alive(&s->children, FIRST_SERVICE, GATEWAY) ||
	    now_ms() - s->stop_ms >= STOP_LEAVE_MS);
}

static void
supervise(struct supervisor *s)
{
	siginfo_t	info;

	s->begun_ms = now_ms();
	while (!is_over(s)) {
		if (s->stop_ms != 0)
			go_on_stopping(s);
		else
			children_start_due(&s->children);
		if (s->stop_ms == 0 && !s->ready && s->ask_ms <= now_ms())
			ask_ready(s);
		go_on_restarting(s);
		if (wait_signal(s, next_due(s), &info))
			take_signal(s, &info);
	}
}

static void
block_signals(struct supervisor *s)
{
	static const int	ours[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD,
				    SIGUSR1 };
	sigset_t		all;

	sigemptyset(&s->signals);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		sigaddset(&s->signals, ours[i]);
	all = s->signals;
	sigaddset(&all, SIGPIPE);	/* a closed pipe must not end us */
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGCHLD, SIG_DFL);	/* if it were ignored, it would never
					 * come */
}

/* The fault of a store and what to do about it; "" if it has none. */
static void
describe_fault(const struct store_seen *seen, bool forced, char *ret,
    size_t size)
{
	const char	*is = seen->state == STORE_THERE ?
			    "it is another desk's" : "it is not there";

	ret[0] = '\0';
	if (seen->state == STORE_OTHERS)
		snprintf(ret, size, "it is a store of the %s service: put each "
		    "into its own place", service_name(seen->whose));
	else if (seen->state == STORE_ODD)
		snprintf(ret, size, "%s: restore a backup", seen->why);
	else if (seen->known_by != SERVICE_ANY && !forced)
		snprintf(ret, size, "%s; the desk is in use, and the %s "
		    "service has heard of a store in this place. Mount its "
		    "disk, put the file back, or restore a backup. Only if it "
		    "is lost: flicketctl serve --force-new makes an empty one, "
		    "whose ids are given a second time while other stores "
		    "still refer to the first ones (docs/operations.md)", is,
		    service_name(seen->known_by));
}

/*
 * See that no store is lost, as a new one must not be made beside those that
 * are in use. False after a message.
 */
static bool
check_no_store_is_lost(struct supervisor *s, bool forced)
{
	static struct store_seen	seen[SERVICE_END];
	char				why[512];
	bool				ok = true;

	if (s->settings.engine[0] != '\0')
		return true;	/* copies of the engine's may be lost */
	stores_look(seen);
	for (unsigned id = 1; id < SERVICE_END; id++) {
		describe_fault(&seen[id], forced, why, sizeof(why));
		if (why[0] != '\0')
			log_error("%s: %s", paths_store(id), why);
		ok = ok && why[0] == '\0';
		s->children.all[id - 1 + FIRST_SERVICE].force_new = forced &&
		    seen[id].known_by != SERVICE_ANY;
	}
	return ok;
}

/*
 * Bring a restore or an import to its end that was interrupted. False after a
 * message.
 */
static bool
finish_replacement(const struct supervisor *s)
{
	struct replace		r = { 0 };
	enum replace_resumed	resumed = replace_resume(&r);

	switch (resumed) {
	case REPLACE_STUCK:
		log_error("%s/%s", s->settings.data, r.why);
		return false;
	case REPLACE_UNDONE:
	case REPLACE_DONE:
		log_warn("a %s that was interrupted is %s", r.record.what,
		    replace_outcome(resumed));
		break;
	case REPLACE_NOTHING:
		break;
	}
	return true;
}

/*
 * Enter the data folder, open our files in it, and return to where we were.
 * Returns an exit status, or -1 to go on.
 */
static int
open_data(struct supervisor *s, bool forced)
{
	int	start = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), rc;

	settings_enter_data(&s->settings);
	s->data = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	s->lock = open(SERVE_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (start == -1 || s->data == -1 || s->lock == -1) {
		log_error("FLICKET_DATA: \"%s\" cannot be used: %s",
		    s->settings.data, strerror(errno));
		return listener_may_recover(errno) ? STATUS_FAILED :
		    STATUS_USAGE;
	}
	if (!finish_replacement(s) || !check_no_store_is_lost(s, forced))
		return 2;
	rc = fchdir(start);
	close(start);
	if (rc == -1)
		log_error("cannot return to where it was started: %s",
		    strerror(errno));
	return rc == -1 ? 1 : -1;
}

/*
 * Lock the data folder and listen at the address; false with errno. The
 * listening socket stays open as long as we live, so that clients wait while a
 * gateway is restarted.
 */
static bool
try_claim(struct supervisor *s)
{
	if (flock(s->lock, LOCK_EX | LOCK_NB) == -1)
		return false;
	if (s->children.listener == -1)
		s->children.listener = listener_open(s->settings.listen);
	return s->children.listener != -1;
}

/*
 * Find out the address that the gateway's links have: the system chose one for
 * port 0, and a socket that was handed to us may have another one than the
 * setting.
 */
static int
learn_address(struct supervisor *s)
{
	char		host[256];
	uint16_t	port;

	if (!s->handed && settings_split_address(s->settings.listen,
	    host, sizeof(host), &port) && port != 0) {
		snprintf(s->address, sizeof(s->address), "%s",
		    s->settings.listen);
		return -1;
	}
	if (listener_address(s->children.listener, s->address,
	    sizeof(s->address)) == -1 ||
	    setenv("FLICKET_LISTEN", s->address, 1) == -1) {
		log_error("the listening address cannot be read: %s",
		    strerror(errno));
		return 1;
	}
	return -1;
}

static void
say_unclaimed(const struct supervisor *s, int error, const char *then)
{
	if (error == EWOULDBLOCK)
		log_error("FLICKET_DATA: another flicketctl serve works in "
		    "\"%s\"; %s", s->settings.data, then);
	else
		log_error("FLICKET_LISTEN: cannot listen on \"%s\": %s; %s%s",
		    s->settings.listen, strerror(error), then,
		    error == EADDRINUSE ? LISTENER_CHOOSE : "");
}

/*
 * Claim the data folder and the address, and wait for an earlier supervisor
 * that is stopping. Returns an exit status, or -1 to go on.
 */
static int
claim(struct supervisor *s)
{
	int64_t		until = now_ms() + CLAIM_MS;
	siginfo_t	info;
	bool		said = false;
	int		error;

	while (!try_claim(s)) {
		error = errno;
		if ((error != EADDRINUSE && error != EWOULDBLOCK) ||
		    now_ms() >= until) {
			say_unclaimed(s, error, "giving up");
			return listener_may_recover(error) ? STATUS_FAILED :
			    STATUS_USAGE;
		}
		if (!said)
			say_unclaimed(s, error, "waiting 5 s for it to end");
		said = true;
		if (wait_signal(s, now_ms() + ASK_EVERY_MS, &info))
			return 0;
	}
	return learn_address(s);
}

int
serve_run(const struct cli *c)
{
	static struct supervisor	s;
	int				status;

	log_set_name("flicketctl");
	settings_load(&s.settings);
	if (s.settings.bind[0] != '\0') {
		log_error("FLICKET_BIND: all services would listen at \"%s\"; "
		    "set it for a service that is started alone",
		    s.settings.bind);
		return STATUS_USAGE;
	}
	(void)rlimits_take(&s.settings, RLIMITS_SERVICE);
	(void)rlimits_take(&s.settings, RLIMITS_GATEWAY);
	harden_secrets(&s.settings, true);
	notify_take();
	s.had_terminal = isatty(STDERR_FILENO);
	block_signals(&s);
	if (children_find(&s.children) == -1)
		return 1;
	if ((status = open_data(&s, cli_has(c, "force-new"))) != -1)
		return status;
	s.children.listener = listener_handed();
	s.handed = s.children.listener != -1;
	if ((status = claim(&s)) != -1)
		return status;
	restarts_init(&s.restarts, s.lock, s.settings.stop_seconds);
	desk_settings_write(s.data, &s.settings, s.address);
	supervise(&s);
	desk_settings_remove(s.data);
	return s.status;
}
