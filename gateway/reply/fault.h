/*
 * What is wrong with a request, noted fault by fault, so that one answer tells
 * all of it.
 */
#ifndef REPLY_FAULT_H
#define REPLY_FAULT_H

#include "gateway/reply/respond.h"

/* Further faults are not told. */
#define FAULTS_MOST	16

/*
 * Note a fault of a field or parameter ("": of the request). The message is made
 * as by printf(), up to 511 bytes; of the field's name the first 60 bytes are
 * copied.
 */
void		fault_note(struct exchange *, enum fault_code,
		    struct text field, const char *format, ...)
		    __attribute__((format(printf, 4, 5)));

/* How many were noted, and to forget them all. */
unsigned	fault_count(const struct exchange *);
void		fault_forget(struct exchange *);

/* Answer with what was noted, as a BAD_REQUEST; FLOW_NEXT if that is nothing. */
enum flow	fault_answer(struct exchange *);

/* Note a fault and answer. */
#define fault_refuse(x, code, field, ...) \
	(fault_note((x), (code), (field), __VA_ARGS__), fault_answer(x))

#endif
