/* Findings. */
#include "tools/flicketctl/backup/verify_findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/stop.h"

#define SHOWN	5	/* examples of a finding */

void
verify_found(struct found *f, const char *example)
{
	if (f->examples == NULL)
		f->examples = json_array();
	if (f->count++ < SHOWN)
		json_array_append_new(f->examples, json_string(example));
}

void
verify_found_done(json_t *list, const char *test, const char *what, struct found *f)
{
	if (f->count > 0)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:O}",
		    "test", test, "what", what, "count",
		    (json_int_t)f->count, "examples", f->examples));
	json_decref(f->examples);
	*f = (struct found){ 0 };
}

void
verify_note(struct verify *v, const char *format, ...)
{
	char	line[512];
	va_list	ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	json_array_append_new(v->notes, json_string(line));
}

void
verify_fail(struct verify *v, const char *why)
{
	v->failed = true;
	cli_fail("%s", why);
}

bool
verify_next(struct verify *v, struct select *r)
{
	if (!stop_asked() && select_next(r))
		return true;
	if (!select_end(r))
		verify_fail(v, select_error(v->cut.db));
	else if (stop_asked())
		verify_fail(v, "stopped");
	return false;
}

void
verify_take_down(void *arg, const char *test, const char *what, const char *example)
{
	struct verify	*v = arg;
	json_t		*f, *count;
	size_t		 i;

	json_array_foreach(v->findings, i, f) {
		if (strcmp(member_text(f, "test"), test) != 0 ||
		    strcmp(member_text(f, "what"), what) != 0)
			continue;
		count = json_object_get(f, "count");
		json_integer_set(count, json_integer_value(count) + 1);
		if (json_integer_value(count) <= SHOWN)
			json_array_append_new(json_object_get(f, "examples"),
			    json_string(example));
		return;
	}
	json_array_append_new(v->findings, json_pack("{s:s, s:s, s:i, s:[s]}",
	    "test", test, "what", what, "count", 1, "examples", example));
}
