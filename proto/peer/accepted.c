/* Accepted connections: an array, the newest at its end. */
#include "proto/peer/accepted.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/log.h"

#define CONNECTIONS_MOST	512	/* of a listener ... */
#define DESCRIPTORS_PART	4	/* ... or a quarter of all descriptors */

/* So few that there are descriptors left for what else the process opens. */
static size_t
count_most(void)
{
	struct rlimit	limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur / DESCRIPTORS_PART > CONNECTIONS_MOST)
		return CONNECTIONS_MOST;
	return limit.rlim_cur / DESCRIPTORS_PART;
}

void
accepted_init(struct accepted_list *l)
{
	*l = (struct accepted_list){ .most = count_most() };
}

void
accepted_done(struct accepted_list *l)
{
	free(l->rows);
}

/* Find out where the other end is. */
static void
find_origin(int fd, struct accepted *ret)
{
	struct sockaddr_storage	ss = { 0 };
	struct sockaddr		*sa = (struct sockaddr *)&ss;
	struct ucred		user = { 0 };
	socklen_t		len = sizeof(ss), user_len = sizeof(user);
	char			host[64], port[8];

	*ret = (struct accepted){ .fd = fd };
	snprintf(ret->address, sizeof(ret->address), ACCEPTED_UNKNOWN);
	if (getpeername(fd, sa, &len) == -1)
		return;
	ret->origin.family = sa->sa_family;
	if (sa->sa_family == AF_UNIX && getsockopt(fd, SOL_SOCKET, SO_PEERCRED,
	    &user, &user_len) == 0) {
		memcpy(ret->origin.bytes, &user.pid, sizeof(user.pid));
		snprintf(ret->address, sizeof(ret->address),
		    "process %d of user %u", (int)user.pid,
		    (unsigned)user.uid);
	} else if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(ret->address, sizeof(ret->address), "%s port %s",
		    host, port);
	if (sa->sa_family == AF_INET)
		memcpy(ret->origin.bytes,
		    &((struct sockaddr_in *)sa)->sin_addr, 4);
	else if (sa->sa_family == AF_INET6)
		memcpy(ret->origin.bytes,
		    &((struct sockaddr_in6 *)sa)->sin6_addr, 16);
}

struct accepted *
accepted_find(const struct accepted_list *l, int fd)
{
	for (size_t i = l->count; i-- > 0;)
		if (l->rows[i].fd == fd)
			return &l->rows[i];
	return NULL;
}

void
accepted_remove(struct accepted_list *l, struct accepted *p)
{
	size_t	behind = (size_t)(l->rows + l->count - (p + 1));

	l->ended -= p->ended;
	l->count--;
	memmove(p, p + 1, behind * sizeof(*p));
}

static bool
is_same_origin(const struct accepted *a, const struct accepted *b)
{
	return memcmp(&a->origin, &b->origin, sizeof(a->origin)) == 0;
}

static size_t
count_same(const struct accepted_list *l, const struct accepted *p)
{
	size_t	n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += !l->rows[i].ended && is_same_origin(&l->rows[i], p);
	return n;
}

/* The newest connection of the peer with the most. */
static struct accepted *
find_crowding(const struct accepted_list *l)
{
	struct accepted	*found = NULL, *p;
	size_t		 most = 0, n;

	for (size_t i = l->count; i-- > 0;) {
		p = &l->rows[i];
		if (p->ended || (found != NULL && is_same_origin(p, found)))
			continue;
		n = count_same(l, p);
		if (n > most) {
			most = n;
			found = p;
		}
	}
	return found;
}

static const struct accepted *
end_crowding(struct accepted_list *l)
{
	struct accepted	*p = find_crowding(l);

	if (p == NULL)
		return NULL;
	p->ended = true;
	l->ended++;
	(void)shutdown(p->fd, SHUT_RDWR);
	return p;
}

const struct accepted *
accepted_add(struct accepted_list *l, int fd)
{
	struct accepted	*old = accepted_find(l, fd);

	if (old != NULL)
		accepted_remove(l, old);
	if (l->count == l->size) {
		l->size = l->size == 0 ? 16 : l->size * 2;
		l->rows = realloc(l->rows, l->size * sizeof(l->rows[0]));
		CHECK(l->rows != NULL);
	}
	find_origin(fd, &l->rows[l->count++]);
	return l->count - l->ended > l->most ? end_crowding(l) : NULL;
}
