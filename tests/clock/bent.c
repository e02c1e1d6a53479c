/*
 * A wall clock that is wrong, for tests: a shared object for LD_PRELOAD.
 *
 * BENT_CLOCK names a file of 8 bytes, by how many microseconds the clock is
 * ahead, in the machine's own order; tests write it while the program runs
 * (tests/system/clocks.py). Without it the clock is right. The monotonic clock
 * always is.
 *
 * With BENT_SUSPENDED the clock that goes on while a machine is suspended
 * (CLOCK_BOOTTIME) is ahead by as much: to the program it is as if so much time
 * has passed, in which the wall clock was not set.
 *
 * Waits until a time of the wall clock end when the bent one comes to that,
 * as they would if it were the machine's. Those of conditions that go by the
 * monotonic clock are left alone.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S	INT64_C(1000000000)
#define LOOK_NS		10000000	/* at the file, while waiting */
#define COND_MONOTONIC	2		/* of glibc's __wrefs: its clock */

static const volatile int64_t	*ahead_us;
static bool			 suspended;

/* Before main(), after which a program may open nothing any more. */
static void __attribute__((constructor))
map_file(void)
{
	const char	*path = getenv("BENT_CLOCK");
	void		*map;
	int		 fd;

	suspended = getenv("BENT_SUSPENDED") != NULL;
	if (path == NULL)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	map = fd == -1 ? MAP_FAILED : mmap(NULL, sizeof(*ahead_us), PROT_READ,
	    MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		perror(path);
		abort();
	}
	close(fd);
	ahead_us = map;
}

/* The kernel's own, as libc's is what is called in the place of. */
static int64_t
read_ns(clockid_t clock, int *ret_result)
{
	struct timespec	ts = { 0 };

	*ret_result = (int)syscall(SYS_clock_gettime, clock, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int64_t
bend_ns(void)
{
	return ahead_us == NULL ? 0 :
	    __atomic_load_n(ahead_us, __ATOMIC_RELAXED) * 1000;
}

static int64_t
bent_ns(int *ret_result)
{
	return read_ns(CLOCK_REALTIME, ret_result) + bend_ns();
}

static bool
is_bent(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
	    (suspended && clock == CLOCK_BOOTTIME);
}

/* libc's names of parameters are its own.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	int	result;
	int64_t	ns = read_ns(clock, &result) + (is_bent(clock) ? bend_ns() : 0);

	*ret = (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
	return result;
}

int
gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	int	result;
	int64_t	ns = bent_ns(&result);

	(void)zone;
	*ret = (struct timeval){ ns / NS_PER_S, ns % NS_PER_S / 1000 };
	return result;
}

time_t
time(time_t *ret)
{
	int	result;
	time_t	now = bent_ns(&result) / NS_PER_S;

	if (ret != NULL)
		*ret = now;
	return now;
}

int
pthread_cond_timedwait(pthread_cond_t *restrict cond,
    pthread_mutex_t *restrict lock, const struct timespec *restrict until)
{
	int64_t		until_ns = until->tv_sec * NS_PER_S + until->tv_nsec;
	struct timespec	look;
	int64_t		ns;
	int		result;

	if (cond->__data.__wrefs & COND_MONOTONIC)
		return pthread_cond_clockwait(cond, lock, CLOCK_MONOTONIC,
		    until);
	for (;;) {
		if (bent_ns(&result) >= until_ns)
			return ETIMEDOUT;
		ns = read_ns(CLOCK_MONOTONIC, &result) + LOOK_NS;
		look = (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
		result = pthread_cond_clockwait(cond, lock, CLOCK_MONOTONIC,
		    &look);
		if (result != ETIMEDOUT)
			return result;
	}
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
