/*
 * What all unit tests share: cmocka, rows that say which of them failed, and
 * a way to watch code die.
 */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"

#define LEN(array)	(sizeof(array) / sizeof((array)[0]))

/* A test and the sentence it proves. */
#define TEST(sentence, function) \
	{ (sentence), (function), NULL, NULL, NULL }

/* Compare, and fail with the row's name, what came and what was wanted. */
#define check_true(row, is) \
	unit_check_true(row, is, #is, __FILE__, __LINE__)
#define check_number(row, have, want) \
	unit_check_number(row, (int64_t)(have), (int64_t)(want), __FILE__, \
	    __LINE__)
#define check_text(row, have, ...) \
	unit_check_text(row, have, __VA_ARGS__, __FILE__, __LINE__)
#define check_string(row, have, want) \
	unit_check_text(row, text_of(have), text_of(want), __FILE__, __LINE__)
#define check_part(row, have, part) \
	unit_check_part(row, have, part, __FILE__, __LINE__)

void	unit_check_true(const char *row, bool is, const char *what,
	    const char *file, int line);
void	unit_check_number(const char *row, int64_t have, int64_t want,
	    const char *file, int line);
void	unit_check_text(const char *row, struct text have, struct text want,
	    const char *file, int line);

/* That a part is within a text. */
void	unit_check_part(const char *row, const char *have, const char *part,
	    const char *file, int line);

/* How a process ended and what it left on stderr. */
struct end {
	int	status;		/* of exit; 128 and the signal if it was one */
	char	said[8192];	/* cut there */
};

/*
 * Run a function in a process of its own, which exits with 0 if it returns.
 * Not for processes that have threads already.
 */
void	unit_run(void (*run)(const void *), const void *arg, struct end *ret);

#define FOLDER_SIZE	64

/* A new, empty folder, and the end of it with all that is in it. */
void	unit_folder_make(char ret[FOLDER_SIZE]);
void	unit_folder_remove(const char *folder);

/* Numbers that look random and are the same each time; *state is not 0. */
uint64_t	unit_random(uint64_t *state);

/* From now on no step of the wall clock was seen for two hours (base/clock.h). */
void	unit_steady_clock(void);

#endif
