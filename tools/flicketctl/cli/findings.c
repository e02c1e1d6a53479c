/* Findings of a command. */
#include "tools/flicketctl/cli/findings.h"

#include <stdio.h>
#include <string.h>

#include "base/visible.h"
#include "tools/flicketctl/cli/cli.h"
#include "tools/flicketctl/cli/member.h"
#include "tools/flicketctl/cli/term.h"

#define MESSAGE_BYTES	12288	/* fits a message with a setting's value */

static const char *const verdicts[] = { "ok", "warn", "fail" };

void
findings_begin(struct findings *f)
{
	*f = (struct findings){ .list = json_array() };
}

void
findings_add_with(struct findings *f, enum verdict v, const char *what,
    const char *todo, const char *format, va_list ap)
{
	char	message[MESSAGE_BYTES];

	vsnprintf(message, sizeof(message), format, ap);
	f->failed += v == CHECK_FAIL;
	f->warned += v == CHECK_WARN;
	json_array_append_new(f->list, json_pack("{s:s, s:s, s:s, s:s?}",
	    "check", what, "result", verdicts[v], "message", message, "do",
	    todo));
}

void
findings_add(struct findings *f, enum verdict v, const char *what,
    const char *todo, const char *format, ...)
{
	va_list	ap;

	va_start(ap, format);
	findings_add_with(f, v, what, todo, format, ap);
	va_end(ap);
}

static void
print_lines(const struct findings *f)
{
	static const enum term_colour	colours[] = { TERM_GREEN, TERM_YELLOW,
					    TERM_RED };
	const json_t			*o;
	const char			*result, *todo;
	size_t				 i;

	json_array_foreach(f->list, i, o) {
		result = member_text(o, "result");
		todo = member_text(o, "do");
		for (size_t v = 0; v < 3; v++)
			if (strcmp(result, verdicts[v]) == 0)
				term_put(colours[v], result, 6);
		visible_printf(stdout, "%-13s %s%s%s\n",
		    member_text(o, "check"), member_text(o, "message"),
		    todo[0] == '\0' ? "" : ": ", todo);
	}
	printf("\n%d failed, %d warning%s\n", f->failed, f->warned,
	    f->warned == 1 ? "" : "s");
}

static void
print_json(const struct findings *f)
{
	json_t	*root = json_pack("{s:s, s:O}", "result", verdicts[
		    f->failed > 0 ? CHECK_FAIL : f->warned > 0 ? CHECK_WARN :
		    CHECK_OK], "checks", f->list);

	member_print(root);
	json_decref(root);
}

int
findings_end(struct findings *f, bool as_json)
{
	if (as_json)
		print_json(f);
	else
		print_lines(f);
	json_decref(f->list);
	return f->failed > 0 ? STATUS_FAILED : STATUS_OK;
}
