/* flicketctl permissions: who may do what. */
#ifndef KEYS_PERMISSIONS_H
#define KEYS_PERMISSIONS_H

#include <stdbool.h>
#include <stdio.h>

/* One row per request that can be made; markdown: as a table of docs/api.md. */
void	permissions_print(FILE *, bool markdown);

#endif
