/* Logging. A line is one write(2), so that lines of threads never mix. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES	4000

static struct {
	const char	*name;
	enum log_level	 level;
} logger = { "flicket", LEVEL_INFO };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void
log_set_name(const char *name)
{
	logger.name = name;
}

void
log_set_level(enum log_level level)
{
	logger.level = level;
}

enum log_level
log_get_level(void)
{
	return logger.level;
}

static size_t
put_head(char *line, size_t size, enum log_level level)
{
	struct timespec	now;
	struct tm	tm;
	int		n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = snprintf(line, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s %s ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000, level_names[level],
	    logger.name);
	return n < 0 ? 0 : (size_t)n;
}

static void
put_line(enum log_level level, const char *format, va_list ap)
{
	char	 raw[LINE_MAX_BYTES], line[LINE_MAX_BYTES * 4 + 128];
	size_t	 len;

	if (vsnprintf(raw, sizeof(raw), format, ap) < 0)
		return;
	len = put_head(line, sizeof(line), level);
	for (const char *p = raw; *p != '\0'; p++) {
		if ((unsigned char)*p >= ' ' && *p != 0x7f)
			line[len++] = *p;
		else
			len += (size_t)sprintf(line + len, "\\x%02x",
			    (unsigned)(unsigned char)*p);
	}
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) == -1)
		return;		/* nobody reads: nowhere left to say so */
}

void
log_line(enum log_level level, const char *format, ...)
{
	va_list	ap;

	if (level > logger.level)
		return;
	va_start(ap, format);
	put_line(level, format, ap);
	va_end(ap);
}

_Noreturn void
log_fatal(const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	put_line(LEVEL_ERROR, format, ap);
	va_end(ap);
	/* not exit(): what libraries do then trips over running threads */
	fflush(NULL);
	_exit(1);
}

_Noreturn void
log_bug(const char *file, int line, const char *what)
{
	log_line(LEVEL_ERROR, "bug at %s:%d: %s", file, line, what);
	abort();
}
