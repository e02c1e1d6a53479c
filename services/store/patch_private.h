/* What the files of patches know of each other. */
#ifndef STORE_PATCH_PRIVATE_H
#define STORE_PATCH_PRIVATE_H

#include "base/buf.h"

#define PATCH_HASH_SIZE	16

/* Behind the hash: a line with the counters, then the patchset. */
struct patch_parts {
	struct text	counters;
	struct text	rows;
};

/* Of a patch as patch_take() writes it; both are empty if it is. */
struct patch_parts	patch_split(struct text patch);

#endif
