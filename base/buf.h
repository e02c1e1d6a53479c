/* A buffer of bytes that grows. Memory that cannot be had ends the process. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char	*base;
	size_t	 len;
	size_t	 size;
};

/* Bytes that belong to something else. */
struct text {
	const char	*base;
	size_t		 len;
};

/* A text that a NUL ends. */
static inline struct text
text_of(const char *s)
{
	return (struct text){ s, strlen(s) };
}

static inline bool
text_same(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 ||
	    memcmp(a.base, b.base, a.len) == 0);
}

/* Whether a text begins with another one. */
static inline bool
text_begins(struct text t, struct text beginning)
{
	return t.len >= beginning.len && (beginning.len == 0 ||
	    memcmp(t.base, beginning.base, beginning.len) == 0);
}

/* The text without bytes of a set at its ends. */
static inline struct text
text_trim(struct text t, struct text set)
{
	while (t.len > 0 && memchr(set.base, t.base[0], set.len) != NULL) {
		t.base++;
		t.len--;
	}
	while (t.len > 0 &&
	    memchr(set.base, t.base[t.len - 1], set.len) != NULL)
		t.len--;
	return t;
}

#define TEXT_OF(literal)	((struct text){ literal, sizeof(literal) - 1 })

void	buf_done(struct buf *);

/* Make room for so many more bytes. */
void	buf_grow(struct buf *, size_t);

void	buf_printf(struct buf *, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/* The bytes of a buffer; valid until more are put into it. */
static inline struct text
buf_text(const struct buf *b)
{
	return (struct text){ b->base, b->len };
}

static inline void
buf_reserve(struct buf *b, size_t more)
{
	if (b->base == NULL || b->size - b->len < more)
		buf_grow(b, more);
}

static inline void
buf_put(struct buf *b, const void *p, size_t len)
{
	if (len == 0)
		return;
	buf_reserve(b, len);
	memcpy(b->base + b->len, p, len);
	b->len += len;
}

static inline void
buf_put_byte(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->base[b->len++] = c;
}

static inline void
buf_put_text(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

/* Allocation that cannot fail: the process ends instead. */
void	*must_alloc(size_t);		/* zeroed */
void	*must_resize(void *, size_t);	/* what is new is not */
char	*must_strdup(const char *);

#endif
