/*
 * The figures are those of an idle desk (/proc/PID/fd, /proc/PID/task), with
 * something to spare: each connection between processes is a few descriptors.
 */
#include "base/process/rlimits.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

#define STACK_BYTES	(256 << 10)	/* of a thread, at least */
#define MEMORY_BYTES	(128 << 20)	/* to begin with, beside stacks */

static const struct need {
	const char	*name;
	unsigned	 descriptors, descriptors_each;	/* each: a thread that
							 * the settings add */
	unsigned	 keys, keys_each;	/* more of them, with keys */
	unsigned	 threads;
} needs[] = {
	[RLIMITS_SERVICE] = { "a service", 64, 0, 24, 0, 16 },
	[RLIMITS_GATEWAY] = { "the gateway", 40, 24, 8, 16, 6 },
	[RLIMITS_TOOL] = { "flicketctl", 64, 0, 24, 0, 0 },
};

void
rlimits_ignore_signals(void)
{
	signal(SIGXFSZ, SIG_IGN);
}

static unsigned
threads_of(const struct settings *s, enum rlimits_part part)
{
	return part == RLIMITS_GATEWAY ? (unsigned)s->gateway_threads : 0;
}

uint64_t
rlimits_descriptors(const struct settings *s, enum rlimits_part part)
{
	const struct need	*n = &needs[part];
	unsigned		 threads = threads_of(s, part);
	uint64_t		 most = n->descriptors +
				    n->descriptors_each * threads;

	if (s->keys[0] != '\0')
		most += n->keys + n->keys_each * threads;
	return most;
}

/* As much of a limit as may be had without asking the administrator. */
static rlim_t
raise_limit(__rlimit_resource_t what, rlim_t wanted)
{
	struct rlimit	limit;
	rlim_t		had;

	if (getrlimit(what, &limit) == -1)
		log_fatal("limits cannot be read: %s", strerror(errno));
	had = limit.rlim_cur;
	if (had >= wanted)
		return had;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	return setrlimit(what, &limit) == 0 ? limit.rlim_cur : had;
}

static void
take_stack(void)
{
	rlim_t		most = raise_limit(RLIMIT_STACK, STACK_BYTES);
	pthread_attr_t	attributes;
	size_t		size = 0;

	if (most < STACK_BYTES)
		log_refuse("ulimit -s is %llu: at least %d KB of stack are "
		    "needed; raise it (ulimit -s, LimitSTACK= of systemd, "
		    "`ulimits:` of a container)",
		    (unsigned long long)(most >> 10), STACK_BYTES >> 10);
	/* a thread's stack has the limit that the program was started with */
	if (pthread_getattr_default_np(&attributes) != 0)
		return;
	if (pthread_attr_getstacksize(&attributes, &size) == 0 &&
	    size < STACK_BYTES &&
	    pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0)
		(void)pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
}

uint64_t
rlimits_take(const struct settings *s, enum rlimits_part part)
{
	uint64_t	need = rlimits_descriptors(s, part);
	rlim_t		have = raise_limit(RLIMIT_NOFILE, RLIM_INFINITY);

	if (have < need)
		log_refuse("ulimit -n is %llu: %s needs at least %llu "
		    "descriptors, and one for each client; raise it (ulimit "
		    "-n, LimitNOFILE= of systemd, `ulimits:` of a container)",
		    (unsigned long long)have, needs[part].name,
		    (unsigned long long)need);
	take_stack();
	return have;
}

/* --- threads ------------------------------------------------------------------ */

static void *
wait_for_rest(void *arg)
{
	pthread_mutex_t	*all_started = arg;

	pthread_mutex_lock(all_started);
	pthread_mutex_unlock(all_started);
	return NULL;
}

static bool
is_there_memory(void)
{
	void	*room = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (room == MAP_FAILED)
		return false;
	munmap(room, MEMORY_BYTES);
	return true;
}

/*
 * As many at once; *ret_error: why there are not. *ret_memory: whether there
 * is memory beside their stacks.
 */
static unsigned
start_threads(pthread_t *threads, unsigned count, int *ret_error,
    bool *ret_memory)
{
	pthread_mutex_t	all_started = PTHREAD_MUTEX_INITIALIZER;
	unsigned	i;

	*ret_error = 0;
	pthread_mutex_lock(&all_started);
	for (i = 0; i < count && *ret_error == 0; i++)
		*ret_error = pthread_create(&threads[i], NULL, wait_for_rest,
		    &all_started);
	i -= *ret_error != 0;
	*ret_memory = is_there_memory();
	pthread_mutex_unlock(&all_started);
	for (unsigned j = 0; j < i; j++)
		pthread_join(threads[j], NULL);
	return i;
}

/*
 * The C library takes 64 MB of addresses for the heap of each thread, while
 * there are any: later threads would get none.
 */
static void
save_addresses(void)
{
	struct rlimit	limit;

	if (getrlimit(RLIMIT_AS, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		(void)mallopt(M_ARENA_MAX, 1);
}

static void
say_file_size(void)
{
	struct rlimit	limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		log_warn("ulimit -f: a file can have %llu KB at most; what "
		    "does not fit is refused as by a full disk",
		    (unsigned long long)(limit.rlim_cur >> 10));
}

void
rlimits_try_threads(const struct settings *s, enum rlimits_part part)
{
	unsigned	 count = needs[part].threads + threads_of(s, part);
	pthread_t	*threads = must_alloc(count * sizeof(threads[0]));
	unsigned	 started;
	int		 error;
	bool		 memory;

	save_addresses();
	started = start_threads(threads, count, &error, &memory);
	free(threads);
	if (started < count)
		log_refuse("%s needs %u threads and gets %u: %s; raise the "
		    "limit (ulimit -u, -v and -d, TasksMax= of systemd, "
		    "`pids_limit` of a container)", needs[part].name, count,
		    started, strerror(error));
	if (!memory)
		log_refuse("%s does not get %d MB of memory: %s; raise the "
		    "limit (ulimit -v, ulimit -d, LimitAS= of systemd)",
		    needs[part].name, MEMORY_BYTES >> 20, strerror(ENOMEM));
	if (part == RLIMITS_SERVICE)
		say_file_size();
}
