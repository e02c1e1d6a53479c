/* JSON going out: texts, numbers and dates, appended to a buffer. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

/*
 * A text with its quotes. Quotes, backslashes and control bytes are escaped;
 * all else goes out as it is. Bytes that are no UTF-8 become U+FFFD.
 */
void	json_put_text(struct buf *, struct text);

void	json_put_number(struct buf *, int64_t);

/*
 * A time in microseconds since 1970 as an HTTP date (RFC 9110, 5.6.7) in
 * quotes, the fraction of the second cut off: "Sun, 06 Nov 1994 08:49:37 GMT"
 */
void	json_put_date(struct buf *, int64_t us);

#endif
