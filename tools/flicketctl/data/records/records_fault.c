/* What is wrong with the files: a line each, as many as a screen shows. */
#include <stdarg.h>
#include <stdlib.h>

#include "base/log.h"
#include "tools/flicketctl/data/records/records_parts.h"

bool
records_listens(const struct records *r)
{
	return r->faults->count < RECORDS_FAULTS_MOST;
}

static void
add(struct records *r, const char *place, const char *format, va_list ap)
{
	char	*what;

	if (!records_listens(r))
		return;
	CHECK(vasprintf(&what, format, ap) != -1);
	CHECK(asprintf(&r->faults->line[r->faults->count++], "%s: %s", place,
	    what) != -1);
	free(what);
}

bool
records_fault(struct records *r, int column, const char *format, ...)
{
	char	place[128];
	va_list	ap;

	snprintf(place, sizeof(place), "%s: line %llu%s%s", r->file[r->table],
	    (unsigned long long)r->line, column == -1 ? "" : ": ",
	    column == -1 ? "" : records_columns(r->table)[column].name);
	va_start(ap, format);
	add(r, place, format, ap);
	va_end(ap);
	r->is_good = false;
	return false;
}

bool
records_fault_of(struct records *r, const char *file, const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	add(r, file != NULL ? file : r->folder, format, ap);
	va_end(ap);
	return false;
}

void
records_faults_done(struct records_faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		free(faults->line[i]);
	*faults = (struct records_faults){ 0 };
}
