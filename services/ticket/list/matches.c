/* Putting a part in order: quickselect for its ends, then a sort. */
#include "services/ticket/list/matches.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"

void
matches_reserve(struct matches *m, size_t count)
{
	m->match = must_alloc((count + 1) * sizeof(m->match[0]));
}

void
matches_done(struct matches *m)
{
	free(m->match);
	*m = (struct matches){ 0 };
}

static bool
comes_before(const struct match *a, const struct match *b)
{
	return a->key != b->key ? a->key < b->key : a->slot < b->slot;
}

static int
compare_matches(const void *a, const void *b)
{
	return comes_before(a, b) ? -1 : comes_before(b, a);
}

static void
swap_matches(struct match *a, struct match *b)
{
	struct match	old = *a;

	*a = *b;
	*b = old;
}

/* The middle one of three, so that a sorted array is not the worst case. */
static struct match
choose_pivot(const struct match *m, ptrdiff_t low, ptrdiff_t high)
{
	struct match	three[] = { m[low], m[low + (high - low) / 2],
			    m[high] };

	if (comes_before(&three[1], &three[0]))
		swap_matches(&three[0], &three[1]);
	if (comes_before(&three[2], &three[0]))
		return three[0];
	return comes_before(&three[2], &three[1]) ? three[2] : three[1];
}

/* Arrange for all before `at` to come before all from `at` on (quickselect). */
static void
split_at(struct match *m, size_t count, size_t where)
{
	ptrdiff_t	low = 0, high = (ptrdiff_t)count - 1, i, j;
	ptrdiff_t	at = (ptrdiff_t)where;
	struct match	pivot;

	while (low < high) {
		pivot = choose_pivot(m, low, high);
		for (i = low, j = high; i <= j; ) {
			while (comes_before(&m[i], &pivot))
				i++;
			while (comes_before(&pivot, &m[j]))
				j--;
			if (i <= j)
				swap_matches(&m[i++], &m[j--]);
		}
		if (at <= j)
			high = j;
		else if (at >= i)
			low = i;
		else
			return;		/* at the pivot */
	}
}

void
matches_arrange(struct matches *all, size_t from, size_t many)
{
	struct match	*m = all->match;

	if (from > 0 && from < all->count)
		split_at(m, all->count, from);
	if (from + many < all->count)
		split_at(m + from, all->count - from, many);
	if (many > 1)
		qsort(m + from, many, sizeof(m[0]), compare_matches);
}
