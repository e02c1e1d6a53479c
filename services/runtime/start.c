/* The start of a process: its rights, its store, its parts. And their end. */
#include "services/runtime/start.h"

#include <sys/random.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/paths.h"
#include "base/process/harden.h"
#include "base/process/rlimits.h"
#include "base/process/stderr.h"
#include "base/wall.h"
#include "proto/labels.h"
#include "proto/peer/curve.h"
#include "services/engine/copy.h"
#include "services/engine/engine.h"
#include "services/runtime/loop.h"
#include "services/runtime/queue.h"
#include "services/runtime/relay/newcomer.h"
#include "services/runtime/socket/exporter.h"
#include "services/runtime/svc.h"
#include "services/store/migrate.h"
#include "services/store/store.h"
#include "services/store/timed.h"

#define STORE_WAIT_MS	50	/* between looks at a store that is made */

/* --- the store ------------------------------------------------------------ */

/* Make the store, or bring it to this program's schema. */
static void
make_ready(struct svc *s, bool force_new)
{
	int64_t	stream;

	if (!force_new && store_is_new(s->path.base, &stream))
		newcomer_ask(s->settings, s->service->id,
		    relay_consumers(s->service), stream);
	store_make(s->service, s->settings, s->path.base, force_new);
}

/* The same of a desk that an engine is to have. */
static void
make_new(void *arg)
{
	make_ready(arg, false);
}

/* The lock cannot be had, though no other process has it. */
static void
open_read_only(struct svc *s)
{
	int	error = s->role.lock_error;

	if (!store_is_read_only(error) ||
	    !store_is_ready(s->service, s->path.base))
		log_fatal("store %s: %s", service_name(s->service->id),
		    strerror(error));
	role_set_read_only(s, strerror(error));
}

/* With the lock. A store that has yet to be made needs room, and says so. */
static void
open_to_write(struct svc *s, bool force_new)
{
	const char	*path = s->path.base;

	if (access(path, F_OK) == 0 && !store_has_room(path) &&
	    store_is_ready(s->service, path))
		role_set_read_only(s,
		    "there is no room for the index of its log");
	else
		make_ready(s, force_new);
}

/* Wait a while. Whether a signal came that ends the process. */
static bool
is_stopped(void *arg)
{
	const struct svc	*s = arg;
	zmq_pollitem_t		 item = { NULL, s->lifecycle.signals, ZMQ_POLLIN, 0 };

	return zmq_poll(&item, 1, STORE_WAIT_MS) > 0;
}

/*
 * Take the lock, or wait until the process that has it has made the store
 * ready. False: the process is to end.
 */
static bool
wait_for_store(struct svc *s)
{
	while (!role_take_lock(s)) {
		if (s->role.lock_error != EWOULDBLOCK) {
			open_read_only(s);
			return true;
		}
		if (store_is_ready(s->service, s->path.base))
			return true;
		if (is_stopped(s))
			return false;
	}
	return true;
}

/*
 * A restore or an import replaces the files of the store, or was interrupted in
 * that. Asked before the store is opened and after, as a restore looks for open
 * stores once it has said that it begins.
 */
static void
refuse_half_replaced(const struct svc *s)
{
	const char	*name = service_name(s->service->id);

	if (paths_is_replaced(s->service->id))
		log_refuse("store %s: a restore or an import is under way in "
		    "stores/%s, or was interrupted: if none runs, say "
		    "`flicketctl restore --continue`, where all stores are", name,
		    name);
}

/*
 * What is written to a copy without its engine would be in the one and not in
 * the other, and both would count on with the same numbers. A store that was
 * only just put into an engine may go on alone; that is noted.
 */
static void
judge_copy(const struct svc *s, const struct db *db)
{
	const char		*name = service_name(s->service->id);
	struct engine_place	 place = copy_place(db_sqlite(db));

	if (keeper_is_wanted(&s->keeper) || place.seq == 0)
		return;
	if (place.seq > 1)
		log_refuse("stores/%s is a copy of an engine's store: set "
		    "FLICKET_ENGINE, or restore a backup of it, which is a "
		    "store of its own", name);
	if (s->role.lock != -1 && !role_is_read_only(&s->role) &&
	    place.reign > 0 && !copy_use_alone(s->path.base))
		log_fatal("stores/%s: it cannot be noted that it is used without "
		    "its engine", name);
}

/* Have a store that can be read. False: the process is to end. */
static bool
open_store(struct svc *s, bool force_new)
{
	const struct keeper_asks	 asks = { is_stopped, make_new, s };
	const char			*name = service_name(s->service->id);
	struct db			*db;

	buf_printf(&s->path, "stores/%s/%s.db", name, name);
	refuse_half_replaced(s);
	if (!wait_for_store(s))
		return false;
	keeper_init(&s->keeper, s->service, s->settings, s->path.base,
	    s->standing.instance);
	if (s->role.lock != -1 && keeper_is_wanted(&s->keeper)) {
		if (!keeper_prepare(&s->keeper, &asks))
			return false;
	} else if (s->role.lock != -1)
		open_to_write(s, force_new);
	db = db_open(s->service, s->path.base, true);
	refuse_half_replaced(s);
	judge_copy(s, db);
	keeper_note_copy(&s->keeper);
	s->standing.schema = store_schema(db_sqlite(db));
	s->outbox.args.is_meant = store_is_accepted(db_sqlite(db));
	op_tables_init(&s->tables, s->service, db);
	s->tables.standing = &s->standing;
	db_close(&db);
	return true;
}

/*
 * SQLite writes the log into the store and removes it with the last connection
 * to the store. If two processes closed theirs at the same moment, each would
 * see the other's, and both would leave the log. So they take turns.
 */
static void
close_store(struct svc *s)
{
	struct buf	folder = { 0 };
	int		turn;

	buf_printf(&folder, "stores/%s", service_name(s->service->id));
	turn = store_wait_turn(folder.base);
	buf_done(&folder);
	slow_calls_end(s);
	slow_calls_done(s);
	asides_break_off(s);
	asides_end(s);
	reads_close(s);
	if (turn != -1)
		close(turn);
}

/* --- the process --------------------------------------------------------- */

/* Do what needs rights of the process, then give them up. */
static void
prepare_process(struct svc *s)
{
	const struct settings	*settings = s->settings;
	const char		*name = service_name(s->service->id);

	log_set_name(name);
	curve_load(settings, (enum party)s->service->id);
	lifecycle_init(s);
	metrics_start(PART_SERVICE);
	disk_watch(paths_store(s->service->id));
	labels_name();
	timed_start();
	s->standing.began_ms = clock_ms();
	wall_watch();
	harden_owner(settings);
	settings_enter_data(settings);
	(void)rlimits_take(settings, RLIMITS_SERVICE);
	rlimits_try_threads(settings, RLIMITS_SERVICE);
	engine_each_file(settings->engine, harden_read_also);
	harden(settings, name);
	stderr_take();
	zsys_handler_set(NULL);
	zsys_init();	/* before any thread: czmq's first socket is no race */
	zsys_set_pipehwm(0);
	curve_start();
}

/* Not 0, and below 2^62. */
static int64_t
new_instance(void)
{
	uint64_t	n;

	CHECK(getrandom(&n, sizeof(n), 0) == sizeof(n));
	return (int64_t)(n >> 2 | 1);
}

static void
init_parts(struct svc *s)
{
	s->standing.instance = new_instance();
	queue_init(&s->reads.waiting);
	write_calls_init(s);
	asides_init(s);
}

/* The writer first, so that the store is written to as soon as possible. */
static void
start_lanes(struct svc *s)
{
	if (s->role.lock != -1 && keeper_is_wanted(&s->keeper))
		keeper_start(&s->keeper);
	else if (s->role.lock != -1 && !role_is_read_only(&s->role))
		role_become_writer(s);
	slow_calls_init(s);
	slow_calls_start(s);
	reads_open(s);
	asides_start(s);
}

static void
open_endpoint(struct svc *s)
{
	if (s->service->opened != NULL)
		s->tables.index = s->service->opened(s->service,
		    s->path.base);
	s->standing.loading = svc_is_loading(s);
	endpoint_open(&s->endpoint, s->settings, s->service->id);
	s->reply.router = s->endpoint.router;
}

static void
free_parts(struct svc *s)
{
	calls_done(&s->calls);
	call_done(&s->reads.call);
	reply_done(&s->reply);
	freeze_done(&s->freeze);
	watchers_done(&s->announce.watchers);
	watchers_done(&s->announce.copies);
	backlog_done(&s->backlog);
	frame_reader_destroy(&s->frames);
	op_tables_done(&s->tables);
	buf_done(&s->path);
}

/*
 * The writer and the lock go first, so that another process can take over
 * while this one does the rest.
 */
static void
close_all(struct svc *s)
{
	if (s->service->stop != NULL)
		s->service->stop();
	if (s->tables.index != NULL)
		s->service->closed(s->tables.index);
	role_resign(s);
	close_store(s);
	endpoint_close(&s->endpoint);
	curve_stop();
	free_parts(s);
	endpoint_unlock(&s->endpoint);
	lifecycle_done(s);
}

static void
run_process(struct svc *s)
{
	struct exporter	*exporter;

	if (s->service->start != NULL)
		s->service->start(s->settings);
	s->frames = frame_reader_new();
	start_lanes(s);
	open_endpoint(s);
	exporter = exporter_start(s->settings->metrics_listen);
	loop_run(s);
	exporter_stop(&exporter);
	close_all(s);
}

int
start_service(const struct service *service, const struct settings *settings,
    bool force_new)
{
	struct svc	s = { .service = service, .settings = settings,
			    .role.lock = -1, .endpoint.lock = -1 };

	prepare_process(&s);
	init_parts(&s);
	if (open_store(&s, force_new))
		run_process(&s);
	else
		buf_done(&s.path);
	log_info("stopped");
	return 0;
}
