/* Bitmaps of filters. */
#include "services/ticket/list/bitmaps.h"

#include <stdlib.h>

static bool
same_codes(const uint8_t *a, const uint8_t *b, uint32_t count)
{
	return a == NULL || b == NULL ? a == b : memcmp(a, b, count) == 0;
}

static bool
same_dates(const struct filter *f, const struct filter *g)
{
	return f->added_since == g->added_since &&
	    f->added_before == g->added_before &&
	    f->updated_since == g->updated_since &&
	    f->updated_before == g->updated_before;
}

/* Whether a bitmap can be brought up to date by the journal. */
static bool
can_follow(const struct bitmap *b, const struct columns *k)
{
	return b->bits != NULL && b->generation == k->generation &&
	    k->count <= b->room && k->journaled - b->journaled <= JOURNAL_SIZE;
}

static bool
is_of_filter(const struct bitmap *b, const struct columns *k,
    const struct filter *f)
{
	const struct filter	*g = &b->filter;
	bool			 same = can_follow(b, k);

	for (int kind = 0; kind < CODE_END && same; kind++)
		same = b->codes[kind] == k->codes[kind].count &&
		    same_codes(f->codes[kind], g->codes[kind],
		    b->codes[kind]);
	return same &&
	    same_codes(f->assigned, g->assigned, b->codes[CODE_USER]) &&
	    same_codes(f->either, g->either, b->codes[CODE_USER]) &&
	    same_dates(f, g);
}

static void
set_bit(struct bitmap *b, size_t slot, bool passes)
{
	uint64_t	bit = UINT64_C(1) << slot % 64;
	bool		passed = (b->bits[slot / 64] & bit) != 0;

	if (passes == passed)
		return;
	b->bits[slot / 64] ^= bit;
	b->count = passes ? b->count + 1 : b->count - 1;
}

/* Set the bits of the slots that have changed since. */
static void
follow_journal(struct bitmap *b, const struct columns *k)
{
	size_t	slot;

	for (; b->journaled != k->journaled; b->journaled++) {
		slot = k->journal[b->journaled % JOURNAL_SIZE];
		set_bit(b, slot, filter_passes(&b->filter, k, slot));
	}
}

static void
free_bitmap(struct bitmap *b)
{
	filter_done(&b->filter);
	free(b->bits);
}

void
bitmaps_done(struct bitmaps *maps)
{
	for (int i = 0; i < BITMAPS_MOST; i++)
		free_bitmap(&maps->bitmap[i]);
	*maps = (struct bitmaps){ 0 };
}

static struct bitmap *
least_used(struct bitmaps *maps)
{
	struct bitmap	*least = &maps->bitmap[0];

	for (int i = 1; i < BITMAPS_MOST; i++)
		if (maps->bitmap[i].used < least->used)
			least = &maps->bitmap[i];
	return least;
}

/* Make a bitmap of all slots. The filter's arrays move into it. */
static void
make_bitmap(struct bitmap *b, const struct columns *k, struct filter *f)
{
	free_bitmap(b);
	*b = (struct bitmap){ .filter = *f, .room = k->room,
	    .generation = k->generation, .journaled = k->journaled };
	*f = (struct filter){ .any = true };
	for (int kind = 0; kind < CODE_END; kind++)
		b->codes[kind] = k->codes[kind].count;
	b->bits = must_alloc((b->room / 64 + 1) * sizeof(b->bits[0]));
	for (size_t i = 0; i < k->count; i++)
		set_bit(b, i, filter_passes(&b->filter, k, i));
}

const uint64_t *
bitmaps_find(struct bitmaps *maps, const struct columns *k, struct filter *f,
    size_t *ret_count)
{
	struct bitmap	*b = NULL;

	for (int i = 0; i < BITMAPS_MOST && b == NULL; i++)
		if (is_of_filter(&maps->bitmap[i], k, f))
			b = &maps->bitmap[i];
	if (b == NULL) {
		b = least_used(maps);
		make_bitmap(b, k, f);
	}
	follow_journal(b, k);
	b->used = ++maps->uses;
	*ret_count = b->count;
	return b->bits;
}
