/* Members of JSON objects. */
#include "tools/flicketctl/cli/member.h"

#include <stdio.h>

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

void
member_print(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2));
	putchar('\n');
}
