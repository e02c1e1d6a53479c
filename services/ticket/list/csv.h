/* Cells of CSV files (RFC 4180), as text for every spreadsheet. */
#ifndef LIST_CSV_H
#define LIST_CSV_H

#include <stdbool.h>

#include "base/buf.h"

#define CSV_BYTE_ORDER_MARK	"\xef\xbb\xbf"

/*
 * The character of a separator's name: comma, semicolon, tab, or that character
 * itself. False: there is no such separator.
 */
bool	csv_separator(struct text name, char *ret);

/*
 * Append a text as a cell, in quotes. A line break becomes one space, as does
 * each other control character: a cell cannot show it, and some are placeholders
 * (proto/placeholders.tbl).
 *
 * A spreadsheet takes a cell for a formula if its first visible character is one
 * of = + - @, in any width; it gets an apostrophe, which makes it text. The same
 * is done behind a character of the text that another spreadsheet takes for the
 * separator: one that expects semicolons finds them in quotes, too.
 */
void	csv_put(struct buf *, struct text, char separator);

#endif
