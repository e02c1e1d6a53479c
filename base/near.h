/* Names that are nearly the one that was typed. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a name may be what was meant by a word: the letters to add, remove,
 * change or swap are one in short words, two from six letters on, three from
 * twelve on. *ret_steps: how many they are.
 */
bool	near_to(const char *word, const char *name, size_t *ret_steps);

#endif
