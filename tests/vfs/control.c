/* What is to fail: a file that the test and all processes map. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "faulty.h"

static struct control	*control;

static void
map_control(void)
{
	const char	*path = getenv("FAULTY_CONTROL");
	int		 fd;

	if (path == NULL)
		return;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd == -1) {
		perror(path);
		abort();
	}
	control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (control == MAP_FAILED) {
		perror(path);
		abort();
	}
	close(fd);
}

/* The same seed fails the same ones. */
static uint64_t
chance(uint64_t seed, uint64_t n)
{
	return hash_finish(seed + n * HASH_GOLDEN);
}

static bool
is_hit(int64_t n)
{
	if (control->first != 0)
		return control->lasting ? n >= control->first :
		    n == control->first;
	return control->one_in != 0 && chance((uint64_t)control->seed,
	    (uint64_t)n) % (uint64_t)control->one_in == 0;
}

int
fault(enum kind kind, const char *path)
{
	static pthread_once_t	once = PTHREAD_ONCE_INIT;
	int64_t			n;

	pthread_once(&once, map_control);
	if (control == NULL || (control->kinds >> kind & 1) == 0 ||
	    path == NULL || strstr(path, control->pattern) == NULL)
		return 0;
	n = __atomic_add_fetch(&control->seen, 1, __ATOMIC_SEQ_CST);
	if (!is_hit(n))
		return 0;
	__atomic_add_fetch(&control->failed, 1, __ATOMIC_SEQ_CST);
	if (control->error == KILLED)
		raise(SIGKILL);
	return (int)control->error;
}

bool
path_of(int fd, char *ret, size_t size)
{
	char	link[32];
	ssize_t	len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, ret, size - 1);
	if (len == -1)
		return false;
	ret[len] = '\0';
	return ret[0] == '/';
}
