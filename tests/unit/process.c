/* Processes for tests. */
#include "process.h"

#include "services/runtime/queue.h"

#define PATIENCE_MS	30000

struct process		process;
const struct text	process_peer = { "peer", 4 };

/* A socket that was closed keeps its name for a while: each has a new one. */
static void
connect_peer(struct svc *s)
{
	static int	number;
	char		address[32];

	snprintf(address, sizeof(address), "inproc://process-%d", ++number);
	s->reply.router = zsock_new(ZMQ_ROUTER);
	zsock_set_router_mandatory(s->reply.router, 1);
	check_number("bind", zsock_bind(s->reply.router, "%s", address), 0);
	process.peer = zsock_new(ZMQ_DEALER);
	zsock_set_identity(process.peer, process_peer.base);
	check_number("connect", zsock_connect(process.peer, "%s", address),
	    0);
	process.frames = frame_reader_new();
	frame_reader_start(process.frames, "", 0);
	zmq_msg_init(&process.message);
}

int
process_set_up(void **state)
{
	const struct service	*service = *state;
	struct svc		*s = &process.svc;

	memset(&process, 0, sizeof(process));
	desk_set_up(state);
	s->service = service;
	s->settings = &desk.settings;
	s->tables = desk.tables;
	s->role.lock = -1;
	buf_printf(&s->path, "%s", desk.path);
	queue_init(&s->reads.waiting);
	write_calls_init(s);
	s->frames = frame_reader_new();
	frame_reader_start(s->frames, "", 0);
	reads_open(s);
	connect_peer(s);
	return 0;
}

int
process_tear_down(void **state)
{
	struct svc	*s = &process.svc;

	zmq_msg_close(&process.message);
	frame_reader_destroy(&process.frames);
	zsock_destroy(&process.peer);
	zsock_destroy(&s->reply.router);
	reads_close(s);
	frame_reader_destroy(&s->frames);
	call_done(&s->reads.call);
	calls_done(&s->calls);
	reply_done(&s->reply);
	freeze_done(&s->freeze);
	watchers_done(&s->announce.watchers);
	buf_done(&s->path);
	return desk_tear_down(state);
}

/* False if none comes within a while. */
static bool
receive_message(int timeout_ms)
{
	zsock_set_rcvtimeo(process.peer, timeout_ms);
	if (zmq_msg_recv(&process.message, zsock_resolve(process.peer), 0) ==
	    -1)
		return false;
	frame_reader_start(process.frames, zmq_msg_data(&process.message),
	    zmq_msg_size(&process.message));
	return true;
}

struct answer
process_answer(void)
{
	struct answer	a;

	while (frame_next_answer(process.frames, &a) != FRAME_ONE)
		assert_true(receive_message(PATIENCE_MS));
	return a;
}

void
process_check_silence(const char *row)
{
	struct answer	a;

	check_number(row, frame_next_answer(process.frames, &a), FRAME_END);
	check_true(row, !receive_message(0));
}
