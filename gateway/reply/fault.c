/* Faults, in the memory of their request. */
#include "gateway/reply/fault.h"

#include <stdarg.h>
#include <stdio.h>

#define MESSAGE_BYTES	512
#define FIELD_BYTES	((size_t)60)

struct faults {
	unsigned	count;
	struct fault	rows[FAULTS_MOST];
};

static struct faults *
faults_of(struct exchange *x)
{
	if (x->faults == NULL) {
		x->faults = h2o_mem_alloc_pool(&x->req->pool,
		    sizeof(*x->faults));
		x->faults->count = 0;
	}
	return x->faults;
}

void
fault_note(struct exchange *x, enum fault_code code, struct text field,
    const char *format, ...)
{
	struct faults	*f = faults_of(x);
	h2o_iovec_t	 name, message;
	char		 text[MESSAGE_BYTES];
	va_list		 ap;

	if (f->count == FAULTS_MOST)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	message = h2o_strdup(&x->req->pool, text, SIZE_MAX);
	name = h2o_strdup(&x->req->pool, field.base, field.len > FIELD_BYTES ?
	    FIELD_BYTES : field.len);
	f->rows[f->count++] = (struct fault){ fault_info(code)->word,
	    { name.base, name.len }, { message.base, message.len } };
}

unsigned
fault_count(const struct exchange *x)
{
	return x->faults == NULL ? 0 : x->faults->count;
}

void
fault_forget(struct exchange *x)
{
	x->faults = NULL;
}

enum flow
fault_answer(struct exchange *x)
{
	if (x->faults == NULL)
		return FLOW_NEXT;
	return respond_faults(x, ERR_BAD_REQUEST, x->faults->rows,
	    x->faults->count);
}
