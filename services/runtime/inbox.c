/* The inbox: a queue, bounded by number and size. */
#include "services/runtime/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define MAILS_MOST	256
#define BYTES_MOST	((size_t)64 << 20)

bool
inbox_put(struct inbox *in, struct text peer, zmq_msg_t *body, size_t at)
{
	struct mail	*m;

	if (in->count == MAILS_MOST ||
	    in->bytes + zmq_msg_size(body) > BYTES_MOST)
		return false;
	m = must_alloc(sizeof(*m));
	buf_put(&m->peer, peer.base, peer.len);
	zmq_msg_init(&m->body);
	zmq_msg_move(&m->body, body);
	m->at = at;
	if (in->first == NULL)
		in->first = m;
	else
		in->last->next = m;
	in->last = m;
	in->count++;
	in->bytes += zmq_msg_size(&m->body);
	return true;
}

bool
inbox_has(const struct inbox *in, struct text peer)
{
	const struct mail	*m = in->first;

	while (m != NULL && (m->peer.len != peer.len ||
	    memcmp(m->peer.base, peer.base, peer.len) != 0))
		m = m->next;
	return m != NULL;
}

struct mail *
inbox_take(struct inbox *in)
{
	struct mail	*m = in->first;

	if (m == NULL)
		return NULL;
	in->first = m->next;
	in->count--;
	in->bytes -= zmq_msg_size(&m->body);
	m->next = NULL;
	return m;
}

void
mail_free(struct mail *m)
{
	zmq_msg_close(&m->body);
	buf_done(&m->peer);
	free(m);
}

void
inbox_done(struct inbox *in)
{
	struct mail	*m;

	while ((m = inbox_take(in)) != NULL)
		mail_free(m);
}
