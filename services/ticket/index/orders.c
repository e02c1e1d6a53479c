/* Orders of slots. */
#include "services/ticket/index/orders.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "services/ticket/index/slots.h"

#define FILLED	(ORDER_BLOCK * 3 / 4)	/* when built: room for new slots */
#define DIGITS	256

struct keyed {
	uint64_t	key;
	uint32_t	slot;
};

static void
add_block(struct order *o, size_t where)
{
	if (o->many == o->room) {
		o->room = o->room * 2 + 16;
		o->blocks = realloc(o->blocks,
		    o->room * sizeof(o->blocks[0]));
		o->sizes = realloc(o->sizes, o->room * sizeof(o->sizes[0]));
		CHECK(o->blocks != NULL && o->sizes != NULL);
	}
	memmove(o->blocks + where + 1, o->blocks + where,
	    (o->many - where) * sizeof(o->blocks[0]));
	memmove(o->sizes + where + 1, o->sizes + where,
	    (o->many - where) * sizeof(o->sizes[0]));
	o->blocks[where] = malloc(ORDER_BLOCK * sizeof(uint32_t));
	CHECK(o->blocks[where] != NULL);
	o->sizes[where] = 0;
	o->many++;
}

static void
drop_block(struct order *o, size_t where)
{
	free(o->blocks[where]);
	o->many--;
	memmove(o->blocks + where, o->blocks + where + 1,
	    (o->many - where) * sizeof(o->blocks[0]));
	memmove(o->sizes + where, o->sizes + where + 1,
	    (o->many - where) * sizeof(o->sizes[0]));
}

/* Sort by one byte of the keys. The sort is stable. */
static void
sort_by_byte(const struct keyed *from, struct keyed *to, size_t count,
    int shift)
{
	size_t	starts[DIGITS] = { 0 }, sum = 0, many;

	for (size_t i = 0; i < count; i++)
		starts[from[i].key >> shift & (DIGITS - 1)]++;
	for (size_t i = 0; i < DIGITS; i++) {
		many = starts[i];
		starts[i] = sum;
		sum += many;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
}

static void
fill_blocks(struct order *o, const struct keyed *keyed, size_t count)
{
	size_t	block;

	for (size_t i = 0; i < count; i++) {
		if (i % FILLED == 0)
			add_block(o, o->many);
		block = o->many - 1;
		o->blocks[block][o->sizes[block]++] = keyed[i].slot;
	}
	o->count = count;
	o->built = true;
}

void
order_build(struct order *o, const struct columns *k, enum sort sort)
{
	struct keyed	*from, *to, *kept;
	uint64_t	 same = UINT64_MAX, any = 0;

	order_done(o);
	from = must_alloc((k->count + 1) * sizeof(from[0]));
	to = must_alloc((k->count + 1) * sizeof(to[0]));
	for (size_t i = 0; i < k->count; i++) {
		from[i].key = slot_key(k, sort, &k->slots[i]);
		from[i].slot = (uint32_t)i;
		same &= from[i].key;
		any |= from[i].key;
	}
	for (int shift = 0; shift < 64; shift += 8) {
		if (((same ^ any) >> shift & (DIGITS - 1)) == 0)
			continue;	/* all keys have the same byte */
		sort_by_byte(from, to, k->count, shift);
		kept = from;
		from = to;
		to = kept;
	}
	fill_blocks(o, from, k->count);
	free(from);
	free(to);
}

void
order_done(struct order *o)
{
	for (size_t i = 0; i < o->many; i++)
		free(o->blocks[i]);
	free(o->blocks);
	free(o->sizes);
	*o = (struct order){ 0 };
}

static bool
is_before(const struct columns *k, enum sort sort, uint32_t one, uint64_t key,
    uint32_t slot)
{
	uint64_t	has = slot_key(k, sort, &k->slots[one]);

	return has != key ? has < key : one < slot;
}

/* The last block that begins before a key and slot, or else the first one. */
static size_t
find_block(const struct order *o, const struct columns *k, enum sort sort,
    uint64_t key, uint32_t slot)
{
	size_t	low = 0, high = o->many, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (is_before(k, sort, o->blocks[middle][0], key, slot))
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0 : low - 1;
}

static size_t
find_in_block(const struct order *o, size_t block, const struct columns *k,
    enum sort sort, uint64_t key, uint32_t slot)
{
	size_t	low = 0, high = o->sizes[block], middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (is_before(k, sort, o->blocks[block][middle], key, slot))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
order_lower(const struct order *o, const struct columns *k, enum sort sort,
    uint64_t key, uint32_t slot)
{
	size_t	block, index;

	if (o->many == 0)
		return 0;
	block = find_block(o, k, sort, key, slot);
	index = find_in_block(o, block, k, sort, key, slot);
	for (size_t i = 0; i < block; i++)
		index += o->sizes[i];
	return index;
}

static void
split_block(struct order *o, size_t block)
{
	size_t	half = ORDER_BLOCK / 2;

	add_block(o, block + 1);
	memcpy(o->blocks[block + 1], o->blocks[block] + half,
	    (ORDER_BLOCK - half) * sizeof(uint32_t));
	o->sizes[block] = (uint32_t)half;
	o->sizes[block + 1] = (uint32_t)(ORDER_BLOCK - half);
}

void
order_insert(struct order *o, const struct columns *k, enum sort sort,
    uint32_t slot)
{
	uint64_t	 key = slot_key(k, sort, &k->slots[slot]);
	size_t		 block, at;
	uint32_t	*slots;

	if (o->many == 0) {
		add_block(o, 0);
		o->blocks[0][0] = slot;
		o->sizes[0] = 1;
		o->count = 1;
		return;
	}
	block = find_block(o, k, sort, key, slot);
	if (o->sizes[block] == ORDER_BLOCK) {
		split_block(o, block);
		block = find_block(o, k, sort, key, slot);
	}
	at = find_in_block(o, block, k, sort, key, slot);
	slots = o->blocks[block];
	memmove(slots + at + 1, slots + at,
	    (o->sizes[block] - at) * sizeof(slots[0]));
	slots[at] = slot;
	o->sizes[block]++;
	o->count++;
}

void
order_remove(struct order *o, const struct columns *k, enum sort sort,
    uint32_t slot)
{
	uint64_t		 key = slot_key(k, sort, &k->slots[slot]);
	size_t			 index = order_lower(o, k, sort, key, slot);
	struct order_place	 p;
	uint32_t		*slots;

	CHECK(index < o->count);
	p = order_place(o, index);
	slots = o->blocks[p.block];
	CHECK(slots[p.at] == slot);
	o->sizes[p.block]--;
	o->count--;
	memmove(slots + p.at, slots + p.at + 1,
	    (o->sizes[p.block] - p.at) * sizeof(slots[0]));
	if (o->sizes[p.block] == 0)
		drop_block(o, p.block);
}

void
order_renumber(struct order *o, const uint32_t *gone, size_t many)
{
	uint32_t	slot, below;

	for (size_t b = 0; b < o->many; b++)
		for (size_t i = 0; i < o->sizes[b]; i++) {
			slot = o->blocks[b][i];
			below = 0;
			for (size_t g = 0; g < many; g++)
				below += gone[g] < slot;
			o->blocks[b][i] = slot - below;
		}
}

struct order_place
order_place(const struct order *o, size_t index)
{
	struct order_place	p = { 0, index };

	while (p.block < o->many && p.at >= o->sizes[p.block])
		p.at -= o->sizes[p.block++];
	return p;
}
