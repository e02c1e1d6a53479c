/* The distance of two words: edits, with neighbours swapped as one. */
#include "base/near.h"

#include <string.h>

#define WORD_MOST	64	/* bytes; longer ones are near to nothing */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
steps_between(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t	rows[3][WORD_MOST + 1], *two, *last, *row, n;

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		two = rows[(i + 1) % 3];
		last = rows[(i - 1) % 3];
		row = rows[i % 3];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			n = least(last[j], row[j - 1]) + 1;
			n = least(n, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				n = least(n, two[j - 2] + 1);
			row[j] = n;
		}
	}
	return rows[a_len % 3][b_len];
}

bool
near_to(const char *word, const char *name, size_t *ret_steps)
{
	size_t	word_len = strlen(word), name_len = strlen(name);
	size_t	shorter = least(word_len, name_len);
	size_t	most = shorter < 6 ? 1 : shorter < 12 ? 2 : 3;

	if (shorter < 2 || word_len > WORD_MOST || name_len > WORD_MOST)
		return false;
	*ret_steps = steps_between(word, word_len, name, name_len);
	return *ret_steps <= most;
}
