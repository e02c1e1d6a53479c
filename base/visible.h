/*
 * Text from outside, made safe for a terminal and for a line of a log: what
 * would act on them, or hide or reorder what follows, comes out as an escape.
 */
#ifndef BASE_VISIBLE_H
#define BASE_VISIBLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Where a text goes: to people, or into a string of JSON. */
enum visible_in { VISIBLE_TEXT, VISIBLE_JSON };

#define VISIBLE_MOST	16	/* bytes of an escape, with its NUL */

/*
 * Look at the first character of a text with `left` bytes, 1 at least. Returns
 * its length in bytes. `ret` gets what stands for it, or "" if it is shown as
 * it is. These get an escape: control characters (C0, DEL, C1: \x1b, \u009b),
 * the controls of direction, separators of lines, and characters without any
 * width that no script needs (\u202e). Bytes that are not UTF-8 become U+FFFD.
 * In JSON the escapes are those of RFC 8259, also of quotes and backslashes.
 */
size_t	visible_next(const char *p, size_t left, enum visible_in,
	    char ret[VISIBLE_MOST]);

/* Print a text, all of it made visible. */
void	visible_put(FILE *, const char *text, size_t len);

/*
 * Print a line, or a part of one, of which all but a newline at the end of the
 * format is made visible.
 */
void	visible_printf(FILE *, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));
void	visible_vprintf(FILE *, const char *format, va_list)
	    __attribute__((format(printf, 2, 0)));

/*
 * Print a JSON document. Its strings mean the same; characters that are not
 * safe on a terminal are written as escapes.
 */
void	visible_print_json(FILE *, const char *json);

#endif
