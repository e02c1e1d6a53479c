/* The backlog: a queue, bounded by number and size. */
#include "services/runtime/socket/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define MESSAGES_MOST	256
#define BYTES_MOST	((size_t)64 << 20)

bool
backlog_put(struct backlog *b, struct text peer, zmq_msg_t *body, size_t at)
{
	struct backlog_message	*m;

	if (b->count == MESSAGES_MOST ||
	    b->bytes + zmq_msg_size(body) > BYTES_MOST)
		return false;
	m = must_alloc(sizeof(*m));
	buf_put(&m->peer, peer.base, peer.len);
	zmq_msg_init(&m->body);
	zmq_msg_move(&m->body, body);
	m->at = at;
	if (b->first == NULL)
		b->first = m;
	else
		b->last->next = m;
	b->last = m;
	b->count++;
	b->bytes += zmq_msg_size(&m->body);
	return true;
}

bool
backlog_has(const struct backlog *b, struct text peer)
{
	const struct backlog_message	*m = b->first;

	while (m != NULL && (m->peer.len != peer.len ||
	    memcmp(m->peer.base, peer.base, peer.len) != 0))
		m = m->next;
	return m != NULL;
}

struct backlog_message *
backlog_take(struct backlog *b)
{
	struct backlog_message	*m = b->first;

	if (m == NULL)
		return NULL;
	b->first = m->next;
	b->count--;
	b->bytes -= zmq_msg_size(&m->body);
	m->next = NULL;
	return m;
}

void
backlog_message_free(struct backlog_message *m)
{
	zmq_msg_close(&m->body);
	buf_done(&m->peer);
	free(m);
}

void
backlog_done(struct backlog *b)
{
	struct backlog_message	*m;

	while ((m = backlog_take(b)) != NULL)
		backlog_message_free(m);
}
