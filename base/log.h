/*
 * Log lines on stderr: time, level, process, what happened, and the request
 * that it happened for; a JSON object each, or readable on a terminal. Text from
 * outside is escaped, so that it cannot end a line or begin another.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

/* Name this process in its lines; the text must outlive it. */
void	log_set_name(const char *name);
const char *log_get_name(void);
void	log_set_level(enum log_level);
enum log_level log_get_level(void);

/* Where lines go: standard error until this is said (stderr.h). */
void	log_set_fd(int fd);

/* Called before log_fatal() or log_refuse() ends the process. */
void	log_at_end(void (*at_end)(void));

/* Lines as JSON, or as text. Text until this is said. */
void	log_set_json(bool);

/*
 * Text lines are for a terminal, with colours or without: the time of day and
 * columns. Without this they have the date, and one blank between.
 */
void	log_set_terminal(bool colours);

/*
 * The level of what is said of every start, although nothing is wrong: info in
 * a file, debug on a terminal.
 */
enum log_level log_routine(void);

/*
 * From here on lines of this thread name a request: its id, cut at 64 bytes, and
 * its traceparent (W3C Trace Context), which may be "". Both are copied.
 * log_done() ends it.
 */
void	log_begin(const char *id, size_t id_len, const char *trace,
	    size_t trace_len);
void	log_done(void);

/*
 * Lines of this thread belong to a span of their own, a child of the one that
 * the traceparent names. The same number makes the same span in this process.
 */
void	log_below(uint64_t number);

/* Lines that were written at a level. */
int64_t	log_count(enum log_level);

/* Write one line, cut at 4,000 bytes and made visible (base/visible.h). */
void	log_line(enum log_level, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/* A fact beside a message: text, if it is not NULL, else the number. */
struct log_fact {
	const char	*name;
	const char	*text;
	int64_t		 number;
};

/*
 * Write one line: name=value behind the message, or members in JSON. Texts of
 * facts are cut at 128 bytes.
 */
void	log_facts(enum log_level, const char *message,
	    const struct log_fact *, size_t count);

/* Write an error line and end the process with status 1, when it cannot go on:
 * a bad table, a store that does not open, no memory. */
_Noreturn void	log_fatal(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

/* The same with status 2: a later start would fail as well, until the operator
 * changes something. */
_Noreturn void	log_refuse(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

#define log_error(...)	log_line(LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)	log_line(LEVEL_WARN, __VA_ARGS__)
#define log_info(...)	log_line(LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)	do {				\
	if (log_get_level() >= LEVEL_DEBUG)		\
		log_line(LEVEL_DEBUG, __VA_ARGS__);	\
} while (0)

/* A bug: say where and stop, so that the supervisor starts afresh. */
_Noreturn void	log_bug(const char *file, int line, const char *what);

/* An assertion that stays on; never about input of clients or peers. */
#define CHECK(x)	do {				\
	if (!(x))					\
		log_bug(__FILE__, __LINE__, #x);	\
} while (0)

#endif
