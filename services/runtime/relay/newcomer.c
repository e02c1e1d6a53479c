/* Asking other services whether they know this store. */
#include "services/runtime/relay/newcomer.h"

#include <sys/stat.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "proto/peer/replica.h"
#include "proto/peer/resolve.h"

#define CONNECT_MS	150	/* if it listens, it is connected by then */
#define ANSWER_MS	2000	/* ... and answers by then, even if busy */
#define LOOK_MS		5

#define IPC		"ipc://"

void
newcomer_put(struct args *args, enum service_id source, int64_t stream)
{
	args_put_number(args, KEY_SOURCE, source);
	args_put_number(args, KEY_STREAM, stream);
}

void
newcomer_look(const struct answer *a, enum service_id self,
    enum service_id asked)
{
	const char	*name = service_name(self);
	int64_t		 other = args_number(&a->extra, KEY_OTHER_SEQ,
			    args_number(&a->extra, KEY_AFTER, 0));

	if (args_number(&a->extra, KEY_SEQ, 0) != 0 || other == 0)
		return;
	log_refuse("stores/%s/%s.db is not the store that the %s service has "
	    "heard of: that one is missing, or this one is another desk's. "
	    "Mount its disk, put the file back, or restore a backup. Only if "
	    "it is lost: flicket-%s --force-new, or flicketctl serve "
	    "--force-new, makes an empty one, whose ids are given a second "
	    "time while other stores still refer to the first ones "
	    "(docs/operations.md)", name, name, service_name(asked), name);
}

static void
take_pongs(struct replica *r, struct frame_reader *frames, enum service_id self)
{
	zmq_msg_t	message;
	struct answer	a;

	zmq_msg_init(&message);
	while (replica_receive(r, &message)) {
		frame_reader_start(frames, zmq_msg_data(&message),
		    zmq_msg_size(&message));
		while (frame_next_answer(frames, &a) == FRAME_ONE)
			if (replica_take_pong(r, &a, clock_ms()) == PONG_HEARD)
				newcomer_look(&a, self, r->service);
	}
	zmq_msg_close(&message);
}

/*
 * Whether a process holds the lock beside a socket (endpoint.h): it listens
 * there, even if it is too busy to answer. Taking the lock to find out would
 * keep other processes from taking it.
 */
static bool
is_held(const char *endpoint)
{
	char		line[256], inode[32];
	struct buf	path = { 0 };
	struct stat	st;
	bool		held = false;
	FILE		*f;

	if (strncmp(endpoint, IPC, strlen(IPC)) != 0)
		return false;
	buf_printf(&path, "%s.lock", endpoint + strlen(IPC));
	f = stat(path.base, &st) == -1 ? NULL : fopen("/proc/locks", "re");
	buf_done(&path);
	if (f == NULL)
		return false;
	snprintf(inode, sizeof(inode), ":%llu ", (unsigned long long)st.st_ino);
	while (!held && fgets(line, sizeof(line), f) != NULL)
		held = strstr(line, "FLOCK") != NULL &&
		    strstr(line, inode) != NULL;
	fclose(f);
	return held;
}

static void
ask_one(enum service_id service, const char *endpoint, enum service_id self,
    int64_t stream)
{
	struct frame_reader	*frames = frame_reader_new();
	struct replica		*r = replica_new(service, endpoint);
	int64_t			 began_ms = clock_ms(), spent_ms = 0, wait_ms;
	struct args		 args = { 0 };

	newcomer_put(&args, self, stream);
	wait_ms = is_held(endpoint) ? ANSWER_MS : CONNECT_MS;
	while (!replica_is_up(r) && spent_ms < (r->ping_count == 0 ? wait_ms :
	    ANSWER_MS)) {
		replica_ping(r, clock_ms(), &args);
		zclock_sleep(LOOK_MS);
		take_pongs(r, frames, self);
		spent_ms = clock_ms() - began_ms;
	}
	if (!replica_is_up(r) && r->ping_count > 0)
		log_warn("the %s service did not say in time whether it knows "
		    "this store", service_name(service));
	replica_destroy(&r);
	frame_reader_destroy(&frames);
}

/* A process makes a socket file before it listens at it. */
static bool
may_listen(const char *endpoint)
{
	return strncmp(endpoint, IPC, strlen(IPC)) != 0 ||
	    endpoint[strlen(IPC)] == '@' ||
	    access(endpoint + strlen(IPC), F_OK) == 0;
}

void
newcomer_ask(const struct settings *s, enum service_id self, uint64_t mask,
    int64_t stream)
{
	static struct endpoints	found;

	for (unsigned id = 1; id < SERVICE_END; id++) {
		if ((mask & UINT64_C(1) << id) == 0)
			continue;
		found.count = 0;
		if (!resolve(settings_endpoint(s, id), &found))
			continue;
		for (unsigned i = 0; i < found.count; i++)
			if (may_listen(found.rows[i]))
				ask_one(id, found.rows[i], self, stream);
	}
}
