/* gateway/stage/decode/json_body.c: bodies, and what is read in their place. */
#include "gateway/stage/decode/json_body.h"

#include <stdlib.h>

#include "unit.h"

#define MARK "\xef\xbb\xbf"

static void
bodies_are_read(void **state)
{
	static const struct {
		const char *body, *want; /* NULL: it is not JSON */
		bool beyond;
	} rows[] = {
		{ MARK "{\"a\":1}", "{\"a\":1}", false },
		{ MARK, "{}", false },
		{ "", "{}", false },
		{ MARK MARK "{}", NULL, false },
		{ "{}" MARK, NULL, false },
		{ "\xef\xbb", NULL, false },
		{ "{\"a\":99999999999999999999}", "{\"a\":[]}", true },
		{ "{\"a\":-9223372036854775809, \"b\":2}", "{\"a\":[],\"b\":2}",
		    true },
		{ "{\"a\":9223372036854775807,\"b\":-9223372036854775808}",
		    "{\"a\":9223372036854775807,\"b\":-9223372036854775808}",
		    false },
		{ "{\"a\":[1e999,-1E+400,1e-999,0.5]}",
		    "{\"a\":[[],[],0.0,0.5]}", true },
		{ "1e999", "[]", true },
		{ "{\"1e999\":\"1e999 \\\" 1e999\",\"b\":1e999}",
		    "{\"1e999\":\"1e999 \\\" 1e999\",\"b\":[]}", true },
		{ "{\"a\":1e999,}", NULL, true },
		{ "{\"a\":1e999", NULL, true },
		{ "{\"a\":1e999,\"b\":\"x\\", NULL, true },
		{ "{\"a\":01e999}", NULL, false },
		{ "{\"a\":1e999e}", NULL, true },
		{ "{\"a\":99999999999999999999-1}", NULL, true },
		{ "[1e999,01e999]", NULL, true },
		{ "[1e999,1.e999]", NULL, true },
		{ "[1e999,.1e999]", NULL, true },
		{ "[1e999,+1e999]", NULL, true },
		{ "[1e999,1e999.5]", NULL, true },
		{ "[1.5E+999,-99999999999999999999]", "[[],[]]", true },
	};
	json_error_t	 error;
	json_t		*got;
	bool		 beyond;
	char		*text;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		got = json_body_read(
		    text_of(rows[i].body), JSON_DECODE_ANY, &error, &beyond);
		check_true(
		    rows[i].body, (got == NULL) == (rows[i].want == NULL));
		check_number(rows[i].body, beyond, rows[i].beyond);
		if (got == NULL || rows[i].want == NULL)
			continue;
		text = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
		check_text(rows[i].body, text_of(text), text_of(rows[i].want));
		free(text);
		json_decref(got);
	}
}

static void
it_is_told_where_a_number_is_beyond(void **state)
{
	json_error_t	 error;
	bool		 beyond;
	json_t		*got =
	    json_body_read(TEXT_OF("{\n\"a\": 1e999}"), 0, &error, &beyond);

	(void)state;
	check_true("read", got != NULL);
	check_number("line", error.line, 2);
	json_decref(got);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("bodies are read, whatever numbers they have",
		    bodies_are_read),
		TEST("it is told where a number is beyond",
		    it_is_told_where_a_number_is_beyond),
	};

	return cmocka_run_group_tests_name("json_body", tests, NULL, NULL);
}
