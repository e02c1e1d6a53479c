/* Questions to the services, one at a time. */
#include "tools/flicketctl/desk/peers.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/process/rlimits.h"
#include "proto/peer/curve.h"
#include "proto/peer/resolve.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/desk/probe.h"

enum {
	ANSWER_MS = 15000	/* a password takes its time */
};

bool
peers_enter(const struct settings *s, bool *ret_there)
{
	bool	needed = false, there;

	for (unsigned id = 1; id < SERVICE_END; id++)
		needed = needed || strncmp(settings_endpoint(s,
		    (enum service_id)id), "ipc://", 6) == 0;
	/* errors only, not that processes come and go */
	if (log_get_level() < LEVEL_DEBUG)
		log_set_level(LEVEL_ERROR);
	zsys_handler_set(NULL);		/* signals stay ours */
	there = chdir(s->data) == 0;
	if (ret_there != NULL)
		*ret_there = there;
	if (there || !needed)
		return true;
	return cli_fail("FLICKET_DATA: \"%s\" cannot be entered: %s; "
	    "--data DIR says where the desk is", s->data, strerror(errno));
}

static void
add_peer(struct peers *p, enum service_id service, const char *endpoint)
{
	struct peer	*peer = &p->peer[p->count];

	if (p->count == PEERS_MOST)
		return;
	*peer = (struct peer){ .service = service };
	peer->replica = replica_new(service, endpoint);
	p->count++;
}

/*
 * Add all processes of a service. If its name cannot be resolved, the name is
 * added and shows as down.
 */
static void
add_service(struct peers *p, const struct settings *s, enum service_id service)
{
	struct endpoints	found = { 0 };
	const char		*setting = settings_endpoint(s, service);

	if (!resolve(setting, &found)) {
		log_error("%s: the name cannot be looked up", setting);
		add_peer(p, service, setting);
	}
	for (unsigned i = 0; i < found.count; i++)
		add_peer(p, service, found.rows[i]);
}

void
peers_open(struct peers *p, const struct settings *s, enum service_id which)
{
	*p = (struct peers){ .last_id = REPLICA_FIRST_ID };
	(void)rlimits_take(s, RLIMITS_TOOL);
	curve_load(s, PARTY_CTL);
	curve_start();
	p->frames = frame_reader_new();
	zmq_msg_init(&p->message);
	for (unsigned id = 1; id < SERVICE_END; id++)
		if (which == SERVICE_ANY || which == id)
			add_service(p, s, (enum service_id)id);
}

void
peers_close(struct peers *p)
{
	for (int i = 0; i < p->count; i++)
		replica_destroy(&p->peer[i].replica);
	curve_stop();
	zmq_msg_close(&p->message);
	frame_reader_destroy(&p->frames);
}

static void
take_pong(struct peer *peer, const struct answer *a)
{
	struct text	version = args_text(&a->extra, KEY_PROGRAM_VERSION);
	int64_t		now_ms = clock_ms();

	if (replica_take_pong(peer->replica, a, now_ms) == PONG_NONE ||
	    a->id == 0 || a->error != OK)
		return;
	peer->answered = true;
	peer->rtt_ms = now_ms - (int64_t)a->id;
	peer->extra = a->extra;
	snprintf(peer->version, sizeof(peer->version), "%.*s",
	    (int)version.len, version.base);
}

/* Read a peer's messages up to the answer with an id (0: all of them). */
static bool
receive_until(struct peers *p, struct peer *peer, uint64_t id, struct answer *ret)
{
	while (replica_receive(peer->replica, &p->message)) {
		frame_reader_start(p->frames, zmq_msg_data(&p->message),
		    zmq_msg_size(&p->message));
		while (frame_next_answer(p->frames, ret) == FRAME_ONE) {
			if (id != 0 && ret->id == id)
				return true;
			take_pong(peer, ret);
		}
	}
	return false;
}

/* Wait until one of the peers has something for us. */
static void
wait_any(struct peers *p, long ms)
{
	zmq_pollitem_t	items[PEERS_MOST];

	for (int i = 0; i < p->count; i++)
		items[i] = (zmq_pollitem_t){
			zsock_resolve(p->peer[i].replica->sock), 0,
			ZMQ_POLLIN, 0 };
	zmq_poll(items, p->count, ms);
}

/* Whether all have answered or, if to_write, one that takes writes. */
static bool
is_enough(const struct peers *p, bool to_write)
{
	bool	all = true;

	for (int i = 0; i < p->count; i++) {
		if (to_write && p->peer[i].answered &&
		    p->peer[i].replica->writes)
			return true;
		all = all && p->peer[i].answered;
	}
	return all && !to_write;
}

void
peers_ping(struct peers *p, int wait_ms, bool to_write)
{
	struct answer	unused;
	int64_t		now_ms = clock_ms(), until = now_ms + wait_ms;

	for (int i = 0; i < p->count; i++)
		p->peer[i].answered = false;
	while (!is_enough(p, to_write) && now_ms < until) {
		for (int i = 0; i < p->count; i++)
			if (to_write || !p->peer[i].answered)
				replica_ping(p->peer[i].replica, now_ms, NULL);
		wait_any(p, 20);
		for (int i = 0; i < p->count; i++)
			receive_until(p, &p->peer[i], 0, &unused);
		now_ms = clock_ms();
	}
}

void
peers_find_refusals(struct peers *p, const struct settings *s)
{
	for (int i = 0; i < p->count; i++)
		p->peer[i].refuses = !p->peer[i].answered &&
		    probe_refuses(p->peer[i].replica->endpoint,
			s->keys[0] != '\0');
}

struct peer *
peers_choose(struct peers *p, enum service_id service, bool to_write)
{
	struct peer	*found = NULL, *peer;

	for (int i = 0; i < p->count; i++) {
		peer = &p->peer[i];
		if (peer->service != service || !peer->answered)
			continue;
		if (found == NULL || (to_write && peer->replica->writes))
			found = peer;
	}
	return found;
}

bool
peers_ask(struct peers *p, struct peer *peer, enum op_code op,
    const struct args *args, struct answer *ret)
{
	int64_t		until = clock_ms() + ANSWER_MS;
	struct request	r = {
		.id = ++p->last_id,
		.op = op,
		.expires_ms = replica_clock(peer->replica, until),
		.rights = RIGHT_ADMIN | RIGHT_STAFF,
		.request_id = TEXT_OF("flicketctl"),
		.args = *args,
	};

	peer->replica->out.len = 0;
	frame_put_request(&peer->replica->out, &r);
	while (clock_ms() < until) {
		if (!replica_flush(peer->replica))
			return false;
		wait_any(p, 100);
		if (receive_until(p, peer, r.id, ret))
			return true;
	}
	return false;
}

struct text
peers_message(const struct answer *a)
{
	const struct err_info	*info = err_info(a->error);
	const char		*text = info->message[0] != '\0' ?
				    info->message : info->reason;

	if (args_text(&a->extra, KEY_MESSAGE).len > 0)
		return args_text(&a->extra, KEY_MESSAGE);
	return (struct text){ text, strlen(text) };
}
