/* Buffers, and allocation that cannot fail. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

void
buf_done(struct buf *b)
{
	free(b->base);
	*b = (struct buf){ 0 };
}

void
buf_grow(struct buf *b, size_t more)
{
	size_t	size = b->size < 256 ? 256 : b->size;

	while (size - b->len < more)
		size *= 2;
	b->base = realloc(b->base, size);
	if (b->base == NULL)
		log_fatal("out of memory: %zu bytes", size);
	b->size = size;
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list	ap;
	int	n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	CHECK(n >= 0);
	buf_reserve(b, (size_t)n + 1);
	va_start(ap, format);
	vsnprintf(b->base + b->len, (size_t)n + 1, format, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void *
must_alloc(size_t size)
{
	void	*p = calloc(1, size);

	if (p == NULL)
		log_fatal("out of memory: %zu bytes", size);
	return p;
}

void *
must_resize(void *p, size_t size)
{
	p = realloc(p, size);
	CHECK(p != NULL);
	return p;
}

char *
must_strdup(const char *s)
{
	char	*p = strdup(s);

	if (p == NULL)
		log_fatal("out of memory");
	return p;
}
