/* Endpoints: parsed, looked up, kept. */
#include "proto/peer/resolve.h"

#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

#define SUFFIX		".sock"

static void
add_endpoint(struct endpoints *e, const char *endpoint)
{
	for (unsigned i = 0; i < e->count; i++)
		if (strcmp(e->rows[i], endpoint) == 0)
			return;
	if (e->count < RESOLVE_MOST && strlen(endpoint) < ENDPOINT_SIZE)
		memcpy(e->rows[e->count++], endpoint, strlen(endpoint) + 1);
}

/* --- ipc ----------------------------------------------------------------- */

/* Whether a file is called stem.NUMBER.sock. */
static bool
is_numbered(const char *name, const char *stem, size_t stem_len)
{
	const char	*digits;
	size_t		 count;

	if (strncmp(name, stem, stem_len) != 0 || name[stem_len] != '.')
		return false;
	digits = name + stem_len + 1;
	count = strspn(digits, "0123456789");
	return count > 0 && strcmp(digits + count, SUFFIX) == 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Those beside run/S.sock, in an order that does not change by itself. */
static void
add_numbered(struct endpoints *e, const char *path)
{
	const char	*slash = strrchr(path, '/');
	const char	*name = slash == NULL ? path : slash + 1;
	size_t		 folder_len = (size_t)(name - path);
	size_t		 stem_len = strlen(name) - strlen(SUFFIX);
	unsigned	 first = e->count;
	char		 folder[ENDPOINT_SIZE] = ".", found[ENDPOINT_SIZE * 2];
	DIR		*dir;
	struct dirent	*entry;

	if (folder_len > 0)
		snprintf(folder, sizeof(folder), "%.*s", (int)folder_len, path);
	dir = opendir(folder);
	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (is_numbered(entry->d_name, name, stem_len)) {
			snprintf(found, sizeof(found), "ipc://%.*s%s",
			    (int)folder_len, path, entry->d_name);
			add_endpoint(e, found);
		}
	closedir(dir);
	qsort(e->rows + first, e->count - first, sizeof(e->rows[0]), by_name);
}

static void
add_ipc(struct endpoints *e, const char *endpoint)
{
	const char	*path = endpoint + strlen("ipc://");
	size_t		 len = strlen(path);
	struct stat	 st;
	unsigned	 before = e->count;

	if (len <= strlen(SUFFIX) || path[0] == '@' ||
	    strcmp(path + len - strlen(SUFFIX), SUFFIX) != 0) {
		add_endpoint(e, endpoint);
		return;
	}
	if (stat(path, &st) == 0)
		add_endpoint(e, endpoint);
	add_numbered(e, path);
	/* no socket yet: the first one will be here */
	if (e->count == before)
		add_endpoint(e, endpoint);
}

/* --- tcp ----------------------------------------------------------------- */

static bool
add_addresses(struct endpoints *e, const char *host, const char *port,
    int family)
{
	const struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM,
				    .ai_family = family };
	struct addrinfo		*list;
	char			 text[NI_MAXHOST], endpoint[ENDPOINT_SIZE * 8];

	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return false;
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text,
		    sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
			continue;
		snprintf(endpoint, sizeof(endpoint), strchr(text, ':') != NULL ?
		    "tcp://[%s]:%s" : "tcp://%s:%s", text, port);
		add_endpoint(e, endpoint);
	}
	freeaddrinfo(list);
	return true;
}

static bool
is_numeric_host(const char *host)
{
	const struct addrinfo	 hints = { .ai_flags = AI_NUMERICHOST };
	struct addrinfo		*list;

	if (host[0] == '[' || getaddrinfo(host, NULL, &hints, &list) != 0)
		return host[0] == '[';
	freeaddrinfo(list);
	return true;
}

static bool
add_tcp(struct endpoints *e, const char *endpoint)
{
	const char	*host = endpoint + strlen("tcp://");
	const char	*colon = strrchr(host, ':');
	char		 name[ENDPOINT_SIZE];

	if (colon != NULL)
		snprintf(name, sizeof(name), "%.*s", (int)(colon - host), host);
	/* ZeroMQ parses what is not a name */
	if (colon == NULL || is_numeric_host(name)) {
		add_endpoint(e, endpoint);
		return true;
	}
	return add_addresses(e, name, colon + 1, AF_INET) ||
	    add_addresses(e, name, colon + 1, AF_INET6);
}

bool
resolve(const char *setting, struct endpoints *ret)
{
	struct endpoints	found = { 0 };
	char			copy[ENDPOINT_SIZE], *rest = copy, *one;
	bool			all = true;

	snprintf(copy, sizeof(copy), "%s", setting);
	while ((one = strsep(&rest, ",")) != NULL) {
		one += strspn(one, " ");
		if (strncmp(one, "ipc://", 6) == 0)
			add_ipc(&found, one);
		else if (strncmp(one, "tcp://", 6) == 0)
			all = add_tcp(&found, one) && all;
		else if (one[0] != '\0')
			add_endpoint(&found, one);
	}
	/* one name that cannot be looked up says nothing of the others */
	if (!all && found.count == 0)
		return false;
	*ret = found;
	return true;
}

/* --- the thread ---------------------------------------------------------- */

struct resolver {
	const struct settings	*settings;
	uint64_t		 services;
	pthread_mutex_t		 lock;		/* of all below */
	pthread_cond_t		 wake;
	bool			 ending;
	unsigned		 holders;	/* owner and thread */
	uint64_t		 generation[SERVICE_END];
	struct endpoints	 now[SERVICE_END];
};

static bool
are_same_endpoints(const struct endpoints *a, const struct endpoints *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++)
		if (strcmp(a->rows[i], b->rows[i]) != 0)
			return false;
	return true;
}

static void
look_up(struct resolver *r, enum service_id id)
{
	struct endpoints	found;

	if (!resolve(settings_endpoint(r->settings, id), &found))
		return;
	pthread_mutex_lock(&r->lock);
	if (r->generation[id] == 0 ||
	    !are_same_endpoints(&found, &r->now[id])) {
		r->now[id] = found;
		r->generation[id]++;
	}
	pthread_mutex_unlock(&r->lock);
}

static void
drop_holder(struct resolver *r)
{
	bool	last;

	pthread_mutex_lock(&r->lock);
	last = --r->holders == 0;
	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	pthread_cond_destroy(&r->wake);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* Wait for the next round; false at the end. */
static bool
wait_for_round(struct resolver *r)
{
	bool	ending;

	pthread_mutex_lock(&r->lock);
	if (!r->ending)
		(void)cond_wait_ms(&r->wake, &r->lock, RESOLVE_EVERY_MS);
	ending = r->ending;
	pthread_mutex_unlock(&r->lock);
	return !ending;
}

static void *
resolver_run(void *arg)
{
	struct resolver	*r = arg;

	do {
		for (unsigned id = 1; id < SERVICE_END; id++)
			if ((r->services & (UINT64_C(1) << id)) != 0)
				look_up(r, (enum service_id)id);
	} while (wait_for_round(r));
	drop_holder(r);
	return NULL;
}

/* Whether a setting is looked up without a name server, so without waiting. */
static bool
needs_no_name_server(const char *setting)
{
	char	copy[ENDPOINT_SIZE], *rest = copy, *one, *colon;

	snprintf(copy, sizeof(copy), "%s", setting);
	while ((one = strsep(&rest, ",")) != NULL) {
		one += strspn(one, " ");
		if (strncmp(one, "tcp://", 6) != 0)
			continue;
		colon = strrchr(one + 6, ':');
		if (colon != NULL)
			*colon = '\0';
		if (!is_numeric_host(one + 6))
			return false;
	}
	return true;
}

struct resolver *
resolver_new(const struct settings *settings, uint64_t services)
{
	struct resolver	*r = must_alloc(sizeof(*r));
	pthread_t	 thread;

	r->settings = settings;
	r->services = services;
	r->holders = 2;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	for (unsigned id = 1; id < SERVICE_END; id++)
		if ((services & (UINT64_C(1) << id)) != 0 &&
		    needs_no_name_server(settings_endpoint(settings, id)))
			look_up(r, (enum service_id)id);
	if (pthread_create(&thread, NULL, resolver_run, r) != 0)
		log_fatal("a thread cannot be started: %s", strerror(errno));
	pthread_detach(thread);
	return r;
}

void
resolver_destroy(struct resolver **self_p)
{
	struct resolver	*r = *self_p;

	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	r->ending = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	drop_holder(r);
	*self_p = NULL;
}

bool
resolver_read(struct resolver *r, enum service_id id, uint64_t *generation,
    struct endpoints *ret)
{
	bool	new;

	pthread_mutex_lock(&r->lock);
	new = r->generation[id] != *generation;
	if (new) {
		*generation = r->generation[id];
		*ret = r->now[id];
	}
	pthread_mutex_unlock(&r->lock);
	return new;
}
