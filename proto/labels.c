/* Labels of metrics from the tables of the wire. */
#include "proto/labels.h"

#include "base/metrics.h"
#include "proto/tables.h"

_Static_assert(OP_END <= OPERATIONS_MOST, "a series for each operation");
_Static_assert(ERR_END <= ERRORS_MOST, "a series for each error");

static void
put_operation(struct buf *b, unsigned i)
{
	const char	*name = op_info(i)->name;

	buf_printf(b, "operation=\"%s\"", name == NULL ? "unknown" : name);
}

static void
put_error(struct buf *b, unsigned i)
{
	static const char *const names[ERRORS_MOST] = {
#define ERROR(number, NAME, status, reason, message, code) [number] = #NAME,
#include "proto/errors.tbl"
#undef ERROR
	};

	buf_printf(b, "error=\"%s\"", names[i] == NULL ? "" : names[i]);
}

void
labels_name(void)
{
	metrics_name(LABEL_OPERATION, put_operation);
	metrics_name(LABEL_ERROR, put_error);
}
