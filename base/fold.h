/*
 * The folded form of a name: the same for all names that people take for one
 * because they differ only in case, in the width of characters, in how accents
 * are composed, in blanks or by characters that cannot be seen. Accents count:
 * Jose is not José.
 */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include "base/buf.h"

/*
 * Append the folded form of a text, which may be empty: NFKC, full case folding,
 * without invisible and control characters, blanks as one space and none at the
 * ends. A text that is not UTF-8 is appended as it is.
 */
void	fold_put(struct buf *, struct text);

#endif
