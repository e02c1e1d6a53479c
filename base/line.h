/*
 * Texts of one line that people see: names, titles, addresses. They have no
 * blanks at their ends, no control characters, and something to see. They do
 * not change the direction of the text that is shown behind them.
 */
#ifndef BASE_LINE_H
#define BASE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum line_flaw {
	LINE_GOOD,	/* also a text of no length */
	LINE_CONTROL,	/* a control character, an end of a line, or an override
			 * of the direction (U+202D, U+202E) */
	LINE_BLANK,	/* nothing in it can be seen */
	LINE_OPEN,	/* an embedding or isolate (UAX #9) that is not ended */
	LINE_EDGE	/* a blank at an end: line_trim() takes it away */
};

/*
 * A text without the blanks at its ends: white space (Unicode's White_Space)
 * and characters without width that mean nothing there. Control characters that
 * are no white space stay, and so do bytes that are not UTF-8. The result points
 * into the text.
 */
struct text	line_trim(struct text);

/*
 * The first flaw of a text in UTF-8. Of CONTROL and OPEN, *ret_at gets the
 * character: the control character, or the last beginning of a direction.
 */
enum line_flaw	line_flaw(struct text, uint32_t *ret_at);

/* Whether a character is neither a blank, nor a control, nor invisible. */
bool		line_shows(uint32_t character);

#endif
