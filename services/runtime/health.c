/* The health check: one PING. */
#include "services/runtime/health.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "proto/peer/curve.h"
#include "proto/peer/replica.h"

#define WAIT_MS	2000
#define POLL_MS	20

/* Where the process listens with these settings; "*" is this host, too. */
static void
own_address(enum service_id id, const struct settings *s, struct buf *ret)
{
	const char	*endpoint = s->bind[0] != '\0' ? s->bind :
			    settings_endpoint(s, id);

	if (strncmp(endpoint, "tcp://*:", 8) == 0)
		buf_printf(ret, "tcp://127.0.0.1:%s", endpoint + 8);
	else
		buf_printf(ret, "%.*s", (int)strcspn(endpoint, ","), endpoint);
}

static void
take_answers(struct replica *r, struct frame_reader *frames)
{
	zmq_msg_t	message;
	struct answer	a;

	zmq_msg_init(&message);
	while (replica_receive(r, &message)) {
		frame_reader_start(frames, zmq_msg_data(&message),
		    zmq_msg_size(&message));
		while (frame_next_answer(frames, &a) == FRAME_ONE)
			(void)replica_take_pong(r, &a, clock_ms());
	}
	zmq_msg_close(&message);
}

int
health_check(enum service_id id, const struct settings *settings)
{
	struct buf		 address = { 0 };
	struct frame_reader	*frames = frame_reader_new();
	struct replica		*r;
	int64_t			 until_ms = clock_ms() + WAIT_MS;
	bool			 up;

	log_set_level(LEVEL_ERROR);
	curve_load(settings, (enum party)id);
	settings_enter_data(settings);
	zsys_handler_set(NULL);
	curve_start();
	own_address(id, settings, &address);
	r = replica_new(id, address.base);
	while (!replica_is_up(r) && clock_ms() < until_ms) {
		replica_ping(r, clock_ms(), NULL);
		zclock_sleep(POLL_MS);
		take_answers(r, frames);
	}
	up = replica_is_up(r);
	if (!up)
		fprintf(stderr, "the %s service does not answer at %s\n",
		    service_name(id), address.base);
	replica_destroy(&r);
	curve_stop();
	frame_reader_destroy(&frames);
	buf_done(&address);
	return up ? 0 : 1;
}
