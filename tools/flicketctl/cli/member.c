/* Members of JSON objects. */
#include "tools/flicketctl/cli/member.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/visible.h"

const char *
member_text(const json_t *object, const char *name)
{
	const char	*text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

int64_t
member_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

bool
member_print_as(const json_t *value, size_t flags)
{
	char	*json = json_dumps(value, flags);

	if (json == NULL)
		return false;
	visible_print_json(stdout, json);
	free(json);
	return putchar('\n') != EOF;
}

void
member_print(const json_t *value)
{
	(void)member_print_as(value, JSON_INDENT(2));
}
