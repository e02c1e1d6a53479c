/* Bits of slots: a bit for each, 64 in a word. */
#ifndef LIST_BITS_H
#define LIST_BITS_H

#include <stddef.h>
#include <stdint.h>

/* How many words `count` bits take. The bits behind them are not set. */
static inline size_t
bits_words(size_t count)
{
	return count / 64 + 1;
}

/* Bits that are all set; the caller frees them. */
uint64_t	*bits_make(size_t count);

/* Leave of the bits those whose bytes are 1, or whose other bits are set. */
void	bits_keep_bytes(uint64_t *, const uint8_t *bytes, size_t count);
void	bits_keep(uint64_t *, const uint64_t *others, size_t count);

/* How many are set. */
size_t	bits_count(const uint64_t *, size_t count);

#endif
