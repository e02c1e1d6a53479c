/* Logging. A line is one write(2), so that lines of threads never mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/visible.h"

#define LINE_MAX_BYTES	4000
#define ESCAPED_MOST	6	/* bytes of an escape for one byte: \u0000 */
#define ABOUT_BYTES	4096	/* for all of a line but its message */
#define FACT_MOST_BYTES	128	/* of a fact's text */
#define END_BYTES	8	/* ... and for its end */
#define ID_MOST_BYTES	64
#define TIME_SIZE	80
#define DATE_BYTES	11	/* of a time, with the T */
#define DIM		"\033[2m"
#define PLAIN		"\033[0m"

/* Where a traceparent has what, and how long that is. */
enum { TRACE_AT = 3, TRACE_DIGITS = 32, SPAN_AT = 36, SPAN_DIGITS = 16 };

static struct {
	const char	*name;
	enum log_level	 level;
	bool		 json;
	bool		 on_terminal;	/* text in columns */
	bool		 colours;
	uint64_t	 salt;		/* of this process's spans */
	_Atomic int64_t	 counts[LEVEL_DEBUG + 1];
	int		 fd;
	void		(*at_end)(void);
} logger = { .fd = STDERR_FILENO, .name = "flicket", .level = LEVEL_INFO };

/*
 * The request that this thread works for. They are copies: a request can be
 * freed before its last log line is written.
 */
static _Thread_local struct {
	size_t	id_len;
	bool	is_traced, is_below;
	char	id[ID_MOST_BYTES];
	char	trace[TRACE_DIGITS];
	char	span[SPAN_DIGITS], parent[SPAN_DIGITS];
} about;

/* A line that is being put together; its end is cut off if it does not fit. */
struct line {
	char	bytes[LINE_MAX_BYTES * ESCAPED_MOST + ABOUT_BYTES + END_BYTES];
	size_t	len;
};

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void
log_set_name(const char *name)
{
	struct timespec	now;

	logger.name = name;
	clock_gettime(CLOCK_REALTIME, &now);
	logger.salt = (uint64_t)now.tv_nsec << 32 ^ (uint64_t)now.tv_sec ^
	    (uint64_t)getpid() << 16;
}

const char *
log_get_name(void)
{
	return logger.name;
}

void
log_set_fd(int fd)
{
	logger.fd = fd;
}

void
log_at_end(void (*at_end)(void))
{
	logger.at_end = at_end;
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
log_set_terminal(bool colours)
{
	logger.on_terminal = true;
	logger.colours = colours;
}

enum log_level
log_routine(void)
{
	return logger.on_terminal && !logger.json ? LEVEL_DEBUG : LEVEL_INFO;
}

void
log_begin(const char *id, size_t id_len, const char *trace, size_t trace_len)
{
	about.id_len = id_len < ID_MOST_BYTES ? id_len : ID_MOST_BYTES;
	if (about.id_len > 0)
		memcpy(about.id, id, about.id_len);
	about.is_traced = trace_len >= SPAN_AT + SPAN_DIGITS;
	about.is_below = false;
	if (!about.is_traced)
		return;
	memcpy(about.trace, trace + TRACE_AT, TRACE_DIGITS);
	memcpy(about.span, trace + SPAN_AT, SPAN_DIGITS);
}

void
log_below(uint64_t number)
{
	static const char	digits[] = "0123456789abcdef";
	uint64_t		span = number ^ logger.salt;

	if (!about.is_traced || about.is_below)
		return;
	about.is_below = true;
	memcpy(about.parent, about.span, SPAN_DIGITS);
	for (size_t i = 0; i < SPAN_DIGITS; i++)
		span = hash_finish(span ^ (unsigned char)about.parent[i]);
	span |= 1;		/* an id of zeros is not valid */
	for (size_t i = 0; i < SPAN_DIGITS; i++)
		about.span[i] = digits[span >> (60 - 4 * i) & 15];
}

void
log_done(void)
{
	about.id_len = 0;
	about.is_traced = false;
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
	if (len > sizeof(l->bytes) - END_BYTES - l->len)
		return;
	memcpy(l->bytes + l->len, p, len);
	l->len += len;
}

static void
put_string(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

static void
put_escaped(struct line *l, const char *p, size_t left)
{
	char	shown[VISIBLE_MOST];
	size_t	len;

	for (; left > 0; p += len, left -= len) {
		len = visible_next(p, left, logger.json ? VISIBLE_JSON :
		    VISIBLE_TEXT, shown);
		if (shown[0] == '\0')
			put(l, p, len);
		else
			put_string(l, shown);
	}
}

/* --- lines --------------------------------------------------------------------- */

static void
format_time(char text[TIME_SIZE])
{
	struct timespec	now;
	struct tm	tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	snprintf(text, TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000);
}

static void
put_time(struct line *l)
{
	char	text[TIME_SIZE];

	format_time(text);
	put_string(l, text);
}

static void
put_member(struct line *l, const char *before, const char *p, size_t len)
{
	put_string(l, before);
	put_escaped(l, p, len);
}

static void
put_about(struct line *l)
{
	bool	json = logger.json;

	if (about.id_len > 0)
		put_member(l, json ? "\",\"request_id\":\"" : " request=",
		    about.id, about.id_len);
	if (about.is_traced)
		put_member(l, json ? "\",\"trace_id\":\"" : " trace=",
		    about.trace, TRACE_DIGITS);
	if (about.is_traced && json)
		put_member(l, "\",\"span_id\":\"", about.span, SPAN_DIGITS);
	if (about.is_traced && json && about.is_below)
		put_member(l, "\",\"parent_id\":\"", about.parent,
		    SPAN_DIGITS);
}

static bool
has_room(const struct line *l, const struct log_fact *fact)
{
	return sizeof(l->bytes) - END_BYTES - l->len >
	    (strlen(fact->name) + FACT_MOST_BYTES) * ESCAPED_MOST + 8;
}

static void
put_fact(struct line *l, const struct log_fact *fact)
{
	char	number[24];

	if (!has_room(l, fact))
		return;
	put_member(l, logger.json ? ",\"" : " ", fact->name,
	    strlen(fact->name));
	put_string(l, logger.json ? "\":" : "=");
	if (fact->text != NULL) {
		put_member(l, logger.json ? "\"" : "", fact->text,
		    strnlen(fact->text, FACT_MOST_BYTES));
		put_string(l, logger.json ? "\"" : "");
		return;
	}
	snprintf(number, sizeof(number), "%lld", (long long)fact->number);
	put_string(l, number);
}

/* The columns before the message. */
static void
put_columns(struct line *l, enum log_level level)
{
	static const char *const colours[] = { "\033[31m", "\033[33m",
	    "\033[32m", "\033[2m" };
	char			 time[TIME_SIZE], rest[64];

	format_time(time);
	put_string(l, logger.colours ? DIM : "");
	put_string(l, time + DATE_BYTES);
	put_string(l, logger.colours ? PLAIN " " : " ");
	put_string(l, logger.colours ? colours[level] : "");
	snprintf(rest, sizeof(rest), "%-5s%s %-10.20s ", level_names[level],
	    logger.colours ? PLAIN : "", logger.name);
	put_string(l, rest);
}

static void
put_text_line(struct line *l, enum log_level level, const char *message,
    const struct log_fact *facts, size_t count)
{
	if (logger.on_terminal)
		put_columns(l, level);
	else {
		put_time(l);
		put_member(l, " ", level_names[level],
		    strlen(level_names[level]));
		put_member(l, " ", logger.name, strlen(logger.name));
		put_string(l, " ");
	}
	put_member(l, "", message, strnlen(message, LINE_MAX_BYTES - 1));
	for (size_t i = 0; i < count; i++)
		put_fact(l, &facts[i]);
	put_about(l);
}

static void
put_json_line(struct line *l, enum log_level level, const char *message,
    const struct log_fact *facts, size_t count)
{
	put_string(l, "{\"ts\":\"");
	put_time(l);
	put_member(l, "\",\"level\":\"", level_names[level],
	    strlen(level_names[level]));
	put_member(l, "\",\"service\":\"", logger.name, strlen(logger.name));
	put_member(l, "\",\"msg\":\"", message,
	    strnlen(message, LINE_MAX_BYTES - 1));
	put_about(l);
	put_string(l, "\"");
	for (size_t i = 0; i < count; i++)
		put_fact(l, &facts[i]);
}

static void
put_line(enum log_level level, const char *message,
    const struct log_fact *facts, size_t count)
{
	struct line	 l;
	const char	*end = logger.json ? "}\n" : "\n";

	logger.counts[level]++;
	l.len = 0;
	(logger.json ? put_json_line : put_text_line)(&l, level, message,
	    facts, count);
	memcpy(l.bytes + l.len, end, strlen(end));
	l.len += strlen(end);
	if (write(logger.fd, l.bytes, l.len) == -1)
		return;		/* standard error is not read: the line is lost */
}

static void
put_formatted(enum log_level level, const char *format, va_list ap)
{
	char	message[LINE_MAX_BYTES];

	if (vsnprintf(message, sizeof(message), format, ap) >= 0)
		put_line(level, message, NULL, 0);
}

void
log_facts(enum log_level level, const char *message,
    const struct log_fact *facts, size_t count)
{
	if (level <= logger.level)
		put_line(level, message, facts, count);
}

void
log_line(enum log_level level, const char *format, ...)
{
	va_list	ap;

	if (level > logger.level)
		return;
	va_start(ap, format);
	put_formatted(level, format, ap);
	va_end(ap);
}

/* Not exit(): handlers of libraries would meet threads that still run. */
static _Noreturn void
end_process(int status)
{
	fflush(NULL);
	if (logger.at_end != NULL)
		logger.at_end();
	_exit(status);
}

_Noreturn void
log_fatal(const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	put_formatted(LEVEL_ERROR, format, ap);
	va_end(ap);
	end_process(1);
}

_Noreturn void
log_refuse(const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	put_formatted(LEVEL_ERROR, format, ap);
	va_end(ap);
	end_process(2);
}

_Noreturn void
log_bug(const char *file, int line, const char *what)
{
	log_line(LEVEL_ERROR, "bug at %s:%d: %s", file, line, what);
	abort();
}
