/* Members of JSON objects, and JSON as commands print it (--json). */
#ifndef CLI_MEMBER_H
#define CLI_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A member that is a text, or "". Valid as long as the object. */
const char	*member_text(const json_t *object, const char *name);

/* A member that is a whole number, or 0. */
int64_t		 member_number(const json_t *object, const char *name);

/* Print a value on standard output, over several lines, and end the line. */
void		 member_print(const json_t *);

/* The same with flags of jansson's; false if it cannot be printed. */
bool		 member_print_as(const json_t *, size_t flags);

#endif
