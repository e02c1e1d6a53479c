/* Threads with a pipe. */
#include "base/process/actor.h"

#include <pthread.h>
#include <string.h>

#include "base/log.h"

static void *
end_at_once(void *arg)
{
	return arg;
}

/* The stack of one that has ended is kept for the next one. */
static void
try_thread(void)
{
	pthread_t	thread;
	int		error = pthread_create(&thread, NULL, end_at_once,
			    NULL);

	if (error != 0)
		log_fatal("a thread cannot be started: %s", strerror(error));
	pthread_join(thread, NULL);
}

zactor_t *
actor_new(zactor_fn *run, void *args)
{
	zactor_t	*actor;

	try_thread();
	actor = zactor_new(run, args);
	CHECK(actor != NULL);
	return actor;
}
