/* What commands that look for faults report: a line for each thing, or JSON. */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>

enum verdict { CHECK_OK, CHECK_WARN, CHECK_FAIL };

struct findings {
	json_t	*list;		/* { check, result, message, do } */
	int	 failed;
	int	 warned;
};

void	findings_begin(struct findings *);

/* Note one; `todo` says what to do about it (NULL: nothing). */
void	findings_add(struct findings *, enum verdict, const char *what,
	    const char *todo, const char *format, ...)
	    __attribute__((format(printf, 5, 6)));
void	findings_add_with(struct findings *, enum verdict, const char *what,
	    const char *todo, const char *format, va_list)
	    __attribute__((format(printf, 5, 0)));

/* Print all, and forget them. Returns the exit status. */
int	findings_end(struct findings *, bool as_json);

#endif
