/* Logging. A line is one write(2), so that lines of threads never mix. */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES	4000
#define ESCAPED_MOST	6	/* \u0000, or three bytes for what is no UTF-8 */

static struct {
	const char	*name;
	enum log_level	 level;
	bool		 json;
	_Atomic int64_t	 counts[LEVEL_DEBUG + 1];
} logger = { "flicket", LEVEL_INFO, false, { 0 } };

/* The request this thread is at work for. */
static _Thread_local struct {
	const char	*id, *trace;
	size_t		 id_len, trace_len;
} about;

/* A line that is being put together. */
struct line {
	char	bytes[LINE_MAX_BYTES * ESCAPED_MOST + 512];
	size_t	len;
};

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void
log_set_name(const char *name)
{
	logger.name = name;
}

const char *
log_get_name(void)
{
	return logger.name;
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

void
log_set_json(bool json)
{
	logger.json = json;
}

void
log_begin(const char *id, size_t id_len, const char *trace, size_t trace_len)
{
	about.id = id;
	about.id_len = id_len;
	about.trace = trace;
	about.trace_len = trace_len;
}

void
log_done(void)
{
	about.id_len = about.trace_len = 0;
}

int64_t
log_count(enum log_level level)
{
	return logger.counts[level];
}

/* --- bytes --------------------------------------------------------------------- */

static void
put(struct line *l, const char *p, size_t len)
{
	memcpy(l->bytes + l->len, p, len);
	l->len += len;
}

static void
put_string(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* The length of a character in UTF-8 (RFC 3629), 0 if it is none. */
static size_t
character(const unsigned char *p, size_t left)
{
	static const struct { unsigned char first, last, low, high;
	    size_t len; } rows[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (p[0] < rows[i].first || p[0] > rows[i].last)
			continue;
		if (left < rows[i].len || p[1] < rows[i].low ||
		    p[1] > rows[i].high)
			return 0;
		for (size_t j = 2; j < rows[i].len; j++)
			if ((p[j] & 0xc0) != 0x80)
				return 0;
		return rows[i].len;
	}
	return 0;
}

static void
put_escaped(struct line *l, const char *p, size_t left)
{
	size_t	len;
	char	code[8];

	for (; left > 0; p += len, left -= len) {
		len = character((const unsigned char *)p, left);
		if (len == 0) {
			put_string(l, "\xef\xbf\xbd");	/* U+FFFD */
			len = 1;
		} else if ((unsigned char)*p < ' ' || *p == 0x7f) {
			snprintf(code, sizeof(code), logger.json ? "\\u%04x" :
			    "\\x%02x", (unsigned)(unsigned char)*p);
			put_string(l, code);
		} else {
			if (logger.json && (*p == '"' || *p == '\\'))
				put_string(l, "\\");
			put(l, p, len);
		}
	}
}

/* --- lines --------------------------------------------------------------------- */

static void
put_time(struct line *l)
{
	struct timespec	now;
	struct tm	tm;
	char		text[64];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000);
	put_string(l, text);
}

static void
put_member(struct line *l, const char *before, const char *p, size_t len)
{
	put_string(l, before);
	put_escaped(l, p, len);
}

/* The second field of a traceparent, 32 digits, is the trace's id. */
static void
put_about(struct line *l)
{
	enum { TRACE_AT = 3, TRACE_DIGITS = 32 };

	if (about.id_len > 0)
		put_member(l, logger.json ? "\",\"request_id\":\"" :
		    " request=", about.id, about.id_len);
	if (about.trace_len >= TRACE_AT + TRACE_DIGITS)
		put_member(l, logger.json ? "\",\"trace_id\":\"" : " trace=",
		    about.trace + TRACE_AT, TRACE_DIGITS);
}

static void
put_text_line(struct line *l, enum log_level level, const char *message)
{
	put_time(l);
	put_member(l, " ", level_names[level], strlen(level_names[level]));
	put_member(l, " ", logger.name, strlen(logger.name));
	put_member(l, " ", message, strlen(message));
	put_about(l);
}

static void
put_json_line(struct line *l, enum log_level level, const char *message)
{
	put_string(l, "{\"ts\":\"");
	put_time(l);
	put_member(l, "\",\"level\":\"", level_names[level],
	    strlen(level_names[level]));
	put_member(l, "\",\"service\":\"", logger.name, strlen(logger.name));
	put_member(l, "\",\"msg\":\"", message, strlen(message));
	put_about(l);
	put_string(l, "\"}");
}

static void
put_line(enum log_level level, const char *format, va_list ap)
{
	char		message[LINE_MAX_BYTES];
	struct line	l;

	if (vsnprintf(message, sizeof(message), format, ap) < 0)
		return;
	logger.counts[level]++;
	l.len = 0;
	(logger.json ? put_json_line : put_text_line)(&l, level, message);
	put_string(&l, "\n");
	if (write(STDERR_FILENO, l.bytes, l.len) == -1)
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
