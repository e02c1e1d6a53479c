/* Codes of ids: arrays by code, and a hash table of codes. */
#include "services/ticket/index/codes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"

#define CODES_FIRST	64	/* room at first; a power of two */

static uint32_t
hash_place(const struct codes *codes, int64_t id)
{
	uint64_t	hash = (uint64_t)id * HASH_GOLDEN;
	uint32_t	at = (uint32_t)(hash >> 32) & codes->mask, code;

	while ((code = codes->table[at]) != 0 && codes->ids[code] != id)
		at = (at + 1) & codes->mask;
	return at;
}

uint32_t
codes_find(const struct codes *codes, int64_t id)
{
	return codes->count == 0 ? 0 : codes->table[hash_place(codes, id)];
}

/* Double the room. At most half of the hash table is used. */
static void
codes_grow(struct codes *codes)
{
	uint32_t	room = codes->room == 0 ? CODES_FIRST :
			    codes->room * 2;

	codes->ids = must_resize(codes->ids, room * sizeof(codes->ids[0]));
	codes->ranks = must_resize(codes->ranks,
	    room * sizeof(codes->ranks[0]));
	memset(codes->ranks + codes->room, 0,
	    (room - codes->room) * sizeof(codes->ranks[0]));
	codes->used = must_resize(codes->used, room);
	memset(codes->used + codes->room, 0, room - codes->room);
	codes->room = room;
	free(codes->table);
	codes->table = must_alloc(2 * (size_t)room *
	    sizeof(codes->table[0]));
	codes->mask = 2 * room - 1;
	if (codes->count == 0)
		codes->ids[codes->count++] = INT64_MIN;
	for (uint32_t code = 1; code < codes->count; code++)
		codes->table[hash_place(codes, codes->ids[code])] = code;
}

uint32_t
codes_add(struct codes *codes, int64_t id)
{
	uint32_t	at;

	if (codes->count == codes->room)
		codes_grow(codes);
	at = hash_place(codes, id);
	if (codes->table[at] == 0) {
		codes->ids[codes->count] = id;
		codes->table[at] = codes->count++;
	}
	return codes->table[at];
}

void
codes_done(struct codes *codes)
{
	free(codes->ids);
	free(codes->ranks);
	free(codes->used);
	free(codes->table);
	*codes = (struct codes){ 0 };
}
