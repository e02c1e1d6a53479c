/* Bitmaps of filters. */
#include "services/ticket/list/bitmaps.h"

#include <stdlib.h>

#include "services/ticket/list/bits.h"
#include "services/ticket/list/few.h"

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

/* Which facets pass a filter, by their codes as rows have them. */
struct passing {
	uint8_t	kinds[FACET_WIDE + 1];
	uint8_t	assigned[FACET_WIDE + 1];
};

static inline bool
wants(const uint8_t *wanted, uint32_t code)
{
	return wanted == NULL || wanted[code] != 0;
}

/* A wide code may be of any that passes. */
static void
find_passing(const struct columns *k, const struct filter *f,
    struct passing *ret)
{
	uint32_t		kinds = k->facets.kinds.count;
	uint32_t		users = k->codes[CODE_USER].count;
	struct facet_kind	kind;

	for (uint32_t i = 1; i < kinds && i < FACET_WIDE; i++) {
		kind = facet_kind_of(&k->facets, i);
		ret->kinds[i] = wants(f->codes[CODE_STATUS], kind.status) &&
		    wants(f->codes[CODE_PRIORITY], kind.priority) &&
		    wants(f->codes[CODE_CATEGORY], kind.category);
	}
	for (uint32_t i = 0; i <= users && i < FACET_WIDE; i++)
		ret->assigned[i] = wants(f->assigned, i);
	ret->kinds[FACET_WIDE] = ret->assigned[FACET_WIDE] = 1;
}

/* The bits of up to 64 rows whose facets pass. */
static inline uint64_t
passing_rows(const struct passing *p, const struct facet_row *rows,
    size_t count)
{
	uint64_t	bits = 0;

	for (size_t i = 0; i < count; i++)
		bits |= (uint64_t)(p->kinds[rows[i].kind] &
		    p->assigned[rows[i].assigned]) << i;
	return bits;
}

static void
set_passing(struct bitmap *b, const struct columns *k)
{
	struct passing	*p = must_alloc(sizeof(*p));
	size_t		 left = k->count;

	find_passing(k, &b->filter, p);
	for (size_t i = 0; left > 0; i++) {
		size_t	many = left < 64 ? left : 64;

		b->bits[i] = passing_rows(p, k->facets.rows + i * 64, many);
		left -= many;
	}
	free(p);
}

/* Leave of the slots whose facets pass those that pass as a whole. */
static void
leave_passing(struct bitmap *b, const struct columns *k)
{
	for (size_t i = 0; i < bits_words(k->count); i++)
		for (uint64_t left = b->bits[i]; left != 0; left &= left - 1) {
			size_t	slot = i * 64 + (size_t)__builtin_ctzll(left);

			if (!filter_passes(&b->filter, k, slot))
				b->bits[i] ^= left & -left;
		}
}

static void
look_at_all(struct bitmap *b, const struct columns *k)
{
	set_passing(b, k);
	if (k->facets.wide || filter_needs_slots(&b->filter))
		leave_passing(b, k);
}

/* Make a bitmap of all slots. The filter's arrays move into it. */
static void
make_bitmap(struct bitmap *b, struct columns *k, struct filter *f)
{
	free_bitmap(b);
	*b = (struct bitmap){ .filter = *f, .room = k->room,
	    .generation = k->generation, .journaled = k->journaled };
	*f = (struct filter){ .any = true };
	for (int kind = 0; kind < CODE_END; kind++)
		b->codes[kind] = k->codes[kind].count;
	b->bits = must_alloc((b->room / 64 + 1) * sizeof(b->bits[0]));
	if (!few_set_bits(k, &b->filter, b->bits))
		look_at_all(b, k);
	b->count = bits_count(b->bits, k->count);
}

const uint64_t *
bitmaps_find(struct bitmaps *maps, struct columns *k, struct filter *f,
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
