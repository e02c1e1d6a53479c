/* Why a dump cannot be read. */
#include <stdarg.h>

#include "tools/flicketctl/data/dump/dump_parts.h"

/* Messages are lines: what a dump brings into them is made harmless. */
static void
escape_controls(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
			*s = '?';
}

bool
dump_fail(struct dump *d, const char *format, ...)
{
	va_list	ap;
	int	len;

	if (d->why[0] != '\0')
		return false;
	len = snprintf(d->why, DUMP_WHY_SIZE, "line %llu: ",
	    (unsigned long long)d->line);
	va_start(ap, format);
	vsnprintf(d->why + len, DUMP_WHY_SIZE - (size_t)len, format, ap);
	va_end(ap);
	escape_controls(d->why);
	return false;
}
