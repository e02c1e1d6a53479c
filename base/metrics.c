/* Metrics: a block of cells for each row of the table. */
#include "base/metrics.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/log.h"

#define BUCKETS	16

enum kind { COUNTER, GAUGE, AGE, SECONDS, COUNTS };

/* Upper bounds: microseconds for SECONDS. The last bucket has none. */
static const int64_t	bounds[2][BUCKETS] = {
	{ 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
	    250000, 500000, 1000000, 2500000, 10000000 },
	{ 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024, 4096 },
};

/* Statuses that answers have; all others are together in the last. */
static const int	statuses[] = { 200, 201, 204, 206, 304, 400, 401, 403,
	404, 405, 409, 411, 412, 413, 414, 415, 416, 422, 429, 431, 500, 503,
	507, 0 };
#define STATUSES	(sizeof(statuses) / sizeof(statuses[0]))

static struct {
	_Atomic int64_t	*cells[METRIC_END];	/* NULL: another part's */
	void		(*put[LABEL_END])(struct buf *, unsigned);
	double		 started;		/* s since 1970 */
} metrics;

/* --- dimensions ---------------------------------------------------------------- */

static void
put_nothing(struct buf *b, unsigned i)
{
	(void)b;
	(void)i;
}

static void
put_named(struct buf *b, enum metric_label label, unsigned i)
{
	if (metrics.put[label] != NULL)
		metrics.put[label](b, i);
}

static void
put_operation(struct buf *b, unsigned i)
{
	put_named(b, LABEL_OPERATION, i);
}

static void
put_service(struct buf *b, unsigned i)
{
	buf_printf(b, "service=\"%s\"", i == 0 ? "any" :
	    service_name((enum service_id)i));
}

static void
put_error(struct buf *b, unsigned i)
{
	put_named(b, LABEL_ERROR, i);
}

static void
put_route(struct buf *b, unsigned i)
{
	put_named(b, LABEL_ROUTE, i);
}

static void
put_status(struct buf *b, unsigned i)
{
	if (statuses[i] == 0)
		buf_put_text(b, "status=\"other\"");
	else
		buf_printf(b, "status=\"%d\"", statuses[i]);
}

static void
put_class(struct buf *b, unsigned i)
{
	buf_printf(b, "status=\"%uxx\"", i);
}

static void
put_result(struct buf *b, unsigned i)
{
	buf_printf(b, "result=\"%s\"", i == 0 ? "miss" : "hit");
}

static void
put_level(struct buf *b, unsigned i)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };

	buf_printf(b, "level=\"%s\"", names[i]);
}

enum dimension {
#define DIMENSION(NAME, count, put) D_##NAME,
#include "base/dimensions.tbl"
#undef DIMENSION
};

static const struct {
	unsigned	count;
	void		(*put)(struct buf *, unsigned);
} dimensions[] = {
#define DIMENSION(NAME, count, put) { count, put },
#include "base/dimensions.tbl"
#undef DIMENSION
};

/* --- the table ------------------------------------------------------------------- */

static const struct row {
	enum kind	 kind;
	enum part	 part;
	enum dimension	 first, second;
	const char	*name;
	const char	*help;
} rows[METRIC_END] = {
#define METRIC(NAME, KIND, PART, D1, D2, name, help) \
	{ KIND, PART_##PART, D_##D1, D_##D2, name, help },
#include "base/metrics.tbl"
#undef METRIC
};

static bool
is_histogram(const struct row *row)
{
	return row->kind == SECONDS || row->kind == COUNTS;
}

/* Cells of one series: of a histogram its buckets, the last, and the sum. */
static size_t
width_of(const struct row *row)
{
	return is_histogram(row) ? BUCKETS + 2 : 1;
}

static size_t
series_of(const struct row *row)
{
	return (size_t)dimensions[row->first].count *
	    dimensions[row->second].count;
}

void
metrics_start(enum part part)
{
	metrics.started = (double)wall_us() / 1e6;
	for (unsigned i = 0; i < METRIC_END; i++)
		if ((rows[i].part & part) != 0 && metrics.cells[i] == NULL)
			metrics.cells[i] = must_alloc(series_of(&rows[i]) *
			    width_of(&rows[i]) * sizeof(metrics.cells[i][0]));
}

void
metrics_name(enum metric_label label, void (*put)(struct buf *, unsigned))
{
	metrics.put[label] = put;
}

unsigned
metrics_status(int status)
{
	unsigned	i = 0;

	while (i < STATUSES - 1 && statuses[i] != status)
		i++;
	return i;
}

/* --- counting -------------------------------------------------------------------- */

static _Atomic int64_t *
series(enum metric m, unsigned first, unsigned second)
{
	const struct row	*row = &rows[m];

	if (metrics.cells[m] == NULL || first >= dimensions[row->first].count ||
	    second >= dimensions[row->second].count)
		return NULL;
	return metrics.cells[m] + ((size_t)first *
	    dimensions[row->second].count + second) * width_of(row);
}

static void
add(_Atomic int64_t *cell, int64_t n)
{
	atomic_fetch_add_explicit(cell, n, memory_order_relaxed);
}

void
metric_add(enum metric m, unsigned first, unsigned second, int64_t n)
{
	_Atomic int64_t	*cell = series(m, first, second);

	if (cell != NULL)
		add(cell, n);
}

void
metric_set(enum metric m, unsigned first, int64_t n)
{
	_Atomic int64_t	*cell = series(m, first, 0);

	if (cell != NULL)
		atomic_store_explicit(cell, n, memory_order_relaxed);
}

int64_t
metric_get(enum metric m, unsigned first)
{
	_Atomic int64_t	*cell = series(m, first, 0);

	return cell == NULL ? 0 :
	    atomic_load_explicit(cell, memory_order_relaxed);
}

void
metric_observe(enum metric m, unsigned first, int64_t value)
{
	_Atomic int64_t	*cell = series(m, first, 0);
	const int64_t	*bound = bounds[rows[m].kind == COUNTS];
	unsigned	 i = 0;

	if (cell == NULL)
		return;
	while (i < BUCKETS && value > bound[i])
		i++;
	add(&cell[i], 1);
	add(&cell[BUCKETS + 1], value);
}

/* --- text ------------------------------------------------------------------------- */

static void
put_labels(struct buf *b, const struct row *row, unsigned first,
    unsigned second, const char *le)
{
	size_t	at;

	buf_put_byte(b, '{');
	at = b->len;
	dimensions[row->first].put(b, first);
	if (b->len > at && row->second != D_NONE)
		buf_put_byte(b, ',');
	dimensions[row->second].put(b, second);
	if (le != NULL)
		buf_printf(b, "%sle=\"%s\"", b->len > at ? "," : "", le);
	if (b->len == at)
		b->len--;	/* none: no braces */
	else
		buf_put_byte(b, '}');
}

static void
put_sum(struct buf *b, const struct row *row, int64_t sum)
{
	if (row->kind == SECONDS)
		buf_printf(b, " %.6f\n", (double)sum / 1e6);
	else
		buf_printf(b, " %lld\n", (long long)sum);
}

static void
put_histogram(struct buf *b, const struct row *row, unsigned first,
    const _Atomic int64_t *cell)
{
	const int64_t	*bound = bounds[row->kind == COUNTS];
	int64_t		 count = 0;
	char		 le[32];

	for (unsigned i = 0; i <= BUCKETS; i++) {
		count += cell[i];
		if (i == BUCKETS)
			snprintf(le, sizeof(le), "+Inf");
		else if (row->kind == SECONDS)
			snprintf(le, sizeof(le), "%g", (double)bound[i] / 1e6);
		else
			snprintf(le, sizeof(le), "%lld", (long long)bound[i]);
		buf_printf(b, "%s_bucket", row->name);
		put_labels(b, row, first, 0, le);
		buf_printf(b, " %lld\n", (long long)count);
	}
	buf_printf(b, "%s_sum", row->name);
	put_labels(b, row, first, 0, NULL);
	put_sum(b, row, cell[BUCKETS + 1]);
	buf_printf(b, "%s_count", row->name);
	put_labels(b, row, first, 0, NULL);
	buf_printf(b, " %lld\n", (long long)count);
}

static bool
is_used(const struct row *row, const _Atomic int64_t *cell)
{
	if (row->first == D_NONE)
		return true;
	for (size_t i = 0; i < width_of(row); i++)
		if (cell[i] != 0)
			return true;
	return false;
}

static void
put_series(struct buf *b, const struct row *row, const _Atomic int64_t *cells)
{
	unsigned		 seconds = dimensions[row->second].count;
	const _Atomic int64_t	*cell;

	for (unsigned i = 0; i < series_of(row); i++) {
		cell = cells + (size_t)i * width_of(row);
		/* a service that is down is a series too */
		if (row->first == D_SERVICE ? i == 0 : !is_used(row, cell))
			continue;
		if (is_histogram(row)) {
			put_histogram(b, row, i / seconds, cell);
			continue;
		}
		buf_put_text(b, row->name);
		put_labels(b, row, i / seconds, i % seconds, NULL);
		if (row->kind == AGE)
			buf_printf(b, " %.3f\n", (double)*cell / 1e3);
		else
			buf_printf(b, " %lld\n", (long long)*cell);
	}
}

static void
put_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static const char *
type_of(const struct row *row)
{
	if (is_histogram(row))
		return "histogram";
	return row->kind == COUNTER ? "counter" : "gauge";
}

static int
count_open_files(void)
{
	DIR	*dir = opendir("/proc/self/fd");
	int	 count = -1;	/* the folder's own */

	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2;	/* . and .. */
}

static long
resident_pages(void)
{
	FILE	*f = fopen("/proc/self/statm", "re");
	char	 line[256] = "";
	char	*second;

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	second = strchr(line, ' ');
	return second == NULL ? 0 : strtol(second, NULL, 10);
}

/* Metrics of the process, by the names that Prometheus clients use. */
static void
put_process(struct buf *b)
{
	struct rusage	usage;

	getrusage(RUSAGE_SELF, &usage);
	put_head(b, "process_cpu_seconds_total", "counter",
	    "User and system time spent.");
	buf_printf(b, "process_cpu_seconds_total %.6f\n",
	    (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	put_head(b, "process_resident_memory_bytes", "gauge",
	    "Memory in use.");
	buf_printf(b, "process_resident_memory_bytes %lld\n",
	    (long long)resident_pages() * sysconf(_SC_PAGESIZE));
	put_head(b, "process_open_fds", "gauge", "Open file descriptors.");
	buf_printf(b, "process_open_fds %d\n", count_open_files());
	put_head(b, "process_start_time_seconds", "gauge",
	    "When the process was started, since 1970.");
	buf_printf(b, "process_start_time_seconds %.3f\n", metrics.started);
	put_head(b, "flicket_build_info", "gauge", "Always 1.");
	buf_printf(b, "flicket_build_info{service=\"%s\",version=\"%s\"} 1\n",
	    log_get_name(), FLICKET_VERSION);
}

void
metrics_put(struct buf *b)
{
	for (unsigned i = 0; i < 4; i++)
		metric_set(METRIC_LOGGED, i, log_count((enum log_level)i));
	metric_set(METRIC_DISK_FREE, 0, disk_watched().free_bytes);
	for (unsigned i = 0; i < METRIC_END; i++) {
		if (metrics.cells[i] == NULL)
			continue;
		put_head(b, rows[i].name, type_of(&rows[i]), rows[i].help);
		put_series(b, &rows[i], metrics.cells[i]);
	}
	put_process(b);
}

void
metrics_print(FILE *f, bool markdown)
{
	static const char *const parts[] = { "", "gateway", "services", "all" };

	if (markdown)
		fputs("| metric | type | of | what |\n"
		    "| --- | --- | --- | --- |\n", f);
	for (unsigned i = 0; i < METRIC_END; i++)
		fprintf(f, markdown ? "| `%s` | %s | %s | %s |\n" :
		    "%s\n  %s, %s. %s\n", rows[i].name, type_of(&rows[i]),
		    parts[rows[i].part], rows[i].help);
}
