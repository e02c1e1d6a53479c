/* Connections, which nothing comes over (fakes.h). */
#include "gateway/http/connection/connection.h"
#include "gateway/http/connection/parting.h"

struct frames *
connection_frames(h2o_socket_t *sock)
{
	(void)sock;
	return NULL;
}

bool
connection_has_asked(const h2o_socket_t *sock)
{
	(void)sock;
	return false;
}

struct connection *
connection_begin(h2o_req_t *req)
{
	(void)req;
	return NULL;
}

void
connection_end(struct connection *c, bool answered, bool crowded)
{
	(void)c, (void)answered, (void)crowded;
}

void
connection_answer(struct connection *c)
{
	(void)c;
}

void
connection_hold(struct connection *c, size_t were, size_t are)
{
	(void)c, (void)were, (void)are;
}

/* No gateway stops here. */
void
parting_answer(const struct connection *c, h2o_req_t *req)
{
	(void)c, (void)req;
}
