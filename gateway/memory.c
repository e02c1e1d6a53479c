/* Memory is measured by the first worker; each acts on it. */
#include "gateway/memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "gateway/cache/responses.h"
#include "gateway/http/connection/weight.h"

#define TRIM_MS		1000	/* between two of those */
#define WARN_MS		10000	/* between two words on it */
#define MMAP_BYTES	(4 << 20) /* larger blocks go back to the kernel at once */
#define KEPT_BYTES	(16 << 20) /* free memory that is kept to be used */

/* An upload lies in a buffer of up to twice its size, and must fit in. */
static void
check_body_sizes(const struct settings *s)
{
	int64_t	most = s->upload_max_bytes > s->max_body_bytes ?
		    s->upload_max_bytes : s->max_body_bytes;

	if (2 * most > s->memory_mb << 19)
		log_warn("bodies of %lld bytes do not fit into a half of "
		    "FLICKET_MEMORY_MB: they may be refused",
		    (long long)most);
}

void
memory_init(struct worker *w)
{
	if (w == &w->gateway->workers[0]) {
		check_body_sizes(w->gateway->settings);
		w->gateway->statm = open("/proc/self/statm", O_RDONLY |
		    O_CLOEXEC);
	}
	/* a configuration of its own, as what it may say changes; all else
	 * in it is shared */
	w->conf = w->gateway->conf;
	w->ctx.globalconf = &w->conf;
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

/* Read again and again: the file stays open. 0: it cannot be read. */
static int64_t
resident_bytes(int statm)
{
	char	 line[128], *second;
	ssize_t	 len = pread(statm, line, sizeof(line) - 1, 0);

	if (len <= 0)
		return 0;
	line[len] = '\0';
	second = strchr(line, ' ');
	return second == NULL ? 0 : strtoll(second, NULL, 10) *
	    sysconf(_SC_PAGESIZE);
}

static int64_t
used_bytes(void)
{
	struct mallinfo2	info = mallinfo2();

	return (int64_t)(info.uordblks + info.hblkhd);
}

static enum pressure
pressure_of(int64_t used, int64_t most)
{
	if (used > most / 4 * 3)
		return PRESSURE_ALL;
	return used > most / 2 ? PRESSURE_BODIES : PRESSURE_NONE;
}

static void
warn_of_memory(struct gateway *g, enum pressure p, int64_t used, int64_t now_ms)
{
	if (p == PRESSURE_NONE || (g->memory_said_ms != 0 &&
	    now_ms - g->memory_said_ms < WARN_MS))
		return;
	g->memory_said_ms = now_ms;
	log_warn("%lld MB of the memory that there may be are used: %s",
	    (long long)(used >> 20), p == PRESSURE_ALL ? "requests are "
	    "refused and connections ended" : "large bodies are refused");
}

/*
 * Asking the kernel costs little. Asking the allocator costs more, and is done
 * only when the kernel says that much is used. Memory that the allocator holds
 * and does not need is given back.
 */
static void
measure_memory(struct gateway *g, int64_t now_ms)
{
	int64_t		most = g->settings->memory_mb << 20;
	int64_t		resident = resident_bytes(g->statm), used = 0;
	enum pressure	p = PRESSURE_NONE;

	if (resident > most / 2) {
		used = used_bytes();
		p = pressure_of(used, most);
	}
	if (resident > most / 4 * 3 && used < resident / 4 * 3 &&
	    now_ms - g->memory_trimmed_ms >= TRIM_MS) {
		g->memory_trimmed_ms = now_ms;
		(void)malloc_trim(0);
	}
	atomic_store(&g->memory_used, used);
	atomic_store(&g->pressure, (int)p);
	warn_of_memory(g, p, used, now_ms);
}

void
memory_tick(struct worker *w, int64_t now_ms)
{
	struct gateway	*g = w->gateway;
	enum pressure	 p;
	int64_t		 excess;

	if (w == &g->workers[0])
		measure_memory(g, now_ms);
	p = memory_pressure(w);
	if (p != PRESSURE_NONE)
		responses_clear(w->responses);
	w->conf.max_request_entity_size = p == PRESSURE_NONE ?
	    g->conf.max_request_entity_size : MEMORY_BODY_BYTES;
	if (p != PRESSURE_ALL)
		return;
	excess = atomic_load(&g->memory_used) - (g->settings->memory_mb << 19);
	weight_relieve(w, excess / g->settings->gateway_threads, now_ms);
}
