/* proto/tables.c: the tables themselves, walked row by row. */
#include "unit.h"

#include <string.h>

#include "proto/args.h"

static void
numbers_from_outside_have_rows(void **state)
{
	static const uint64_t	numbers[] = {
		0, 116, KEY_END - 1, KEY_END, KEY_END + 1, 255, 65536,
		UINT32_MAX, UINT64_MAX
	};
	static const uint64_t	codes[] = {
		0, 9, OP_END - 1, OP_END, OP_END + 1, 65536, UINT32_MAX, UINT64_MAX
	};

	(void)state;
	for (size_t i = 0; i < LEN(numbers); i++)
		if (key_info(numbers[i])->name != NULL)
			fail_msg("key %llu", (unsigned long long)numbers[i]);
	for (size_t i = 0; i < LEN(codes); i++)
		if (op_info(codes[i])->name != NULL)
			fail_msg("operation %llu",
			    (unsigned long long)codes[i]);
	check_true("an error that is none is ours",
	    err_info(ERR_END) == err_info(ERR_INTERNAL) &&
	    err_info(UINT64_MAX) == err_info(ERR_INTERNAL));
	check_number("one that is", err_info(ERR_NOT_FOUND)->http, 404);
}

static void
keys_make_sense(void **state)
{
	const struct key_info	*info;
	unsigned		 count = 0;

	(void)state;
	for (unsigned k = 0; k < KEY_END; k++) {
		info = key_info(k);
		if (info->name == NULL)
			continue;
		count++;
		check_true(info->name, info->type >= KEY_INT &&
		    info->type <= KEY_BYTES);
		check_true(info->name, info->most == 0 ||
		    info->least <= info->most);
		check_number(info->name, key_find(info->name,
		    keyset_of((enum key)k)), k);
		check_true(info->name, info->form == FORM_PLAIN ||
		    (info->form == FORM_LINE || info->form == FORM_IDS) ==
		    (info->type == KEY_TEXT));
		check_true(info->name, info->form != FORM_QUERIES ||
		    info->type == KEY_BYTES);
	}
	check_true("there are keys", count > 30);
	check_number("no such name", key_find("nothing", KEYSET_ALL), KEY_END);
	check_number("an empty name", key_find("", KEYSET_ALL), KEY_END);
	check_number("another case", key_find("ID", KEYSET_ALL), KEY_END);
}

/* A word is what clients compare; no word stands for two things. */
static void
check_code(unsigned f)
{
	const struct fault_info	*info = fault_info(f);

	assert_non_null(info->word);
	check_true(info->word, info->word[0] != '\0' &&
	    info->word[strspn(info->word, "abcdefghijklmnopqrstuvwxyz_")] ==
	    '\0');
	check_true(info->word, info->meaning[0] != '\0');
	for (unsigned g = FAULT_NONE; g < f; g++)
		check_true(info->word, strcmp(info->word,
		    fault_info(g)->word) != 0);
}

static void
codes_of_errors_make_sense(void **state)
{
	(void)state;
	check_string("none", fault_info(FAULT_NONE)->word, "");
	check_true("no row", fault_info(FAULT_END) ==
	    fault_info(FAULT_NONE) && fault_info(UINT64_MAX) ==
	    fault_info(FAULT_NONE));
	for (unsigned f = FAULT_NONE + 1; f < FAULT_END; f++)
		check_code(f);
	for (unsigned e = OK + 1; e < ERR_END; e++)
		check_true(err_info(e)->reason,
		    err_info(e)->code != FAULT_NONE);
}

static void
operations_make_sense(void **state)
{
	const keyset		 event = K(SOURCE, STREAM, SEQ);
	const struct op_info	*info;
	keyset			 keys;

	(void)state;
	for (unsigned code = 1; code < OP_END; code++) {
		info = op_info(code);
		if (info->name == NULL)
			continue;
		check_true(info->name, info->service < SERVICE_END);
		check_true(info->name, !keyset_intersects(info->needs,
		    info->may));
		keys = keyset_union(info->needs, info->may);
		for (enum key k = keyset_next(keys, 0); k != KEY_END;
		    k = keyset_next(keys, k + 1)) {
			/* found by its name: no other of them has it */
			assert_non_null(key_info(k)->name);
			check_number(info->name, key_find(key_info(k)->name,
			    keys), k);
		}
		check_true(info->name, (info->who == WHO_PROCESS) ||
		    (info->kind != OP_EVENT && info->kind != OP_TALLY &&
		    info->kind != OP_OWN));
		if (info->kind == OP_EVENT || info->kind == OP_TALLY)
			check_true(info->name, keyset_is_within(event,
			    info->needs) && keyset_has(info->may, KEY_AFTER));
		for (unsigned other = 1; other < code; other++)
			check_true(info->name, op_info(other)->name == NULL ||
			    strcmp(op_info(other)->name, info->name) != 0);
	}
}

static void
errors_make_sense(void **state)
{
	const struct err_info	*info;

	(void)state;
	for (unsigned e = 0; e < ERR_END; e++) {
		info = err_info(e);
		assert_non_null(info->reason);
		assert_non_null(info->message);
		check_true(info->reason, info->http >= 200 && info->http < 600);
		check_true(info->reason, (info->http == 200) == (e == OK));
		check_true(info->reason, text_characters(text_of(info->message))
		    != -1);
	}
}

/* What may be tried again later is 503 or 429; a fault of ours is 500. */
static void
errors_have_their_statuses(void **state)
{
	static const struct { enum err error; int http; } rows[] = {
		{ OK, 200 }, { ERR_BAD_REQUEST, 400 },
		{ ERR_UNAUTHORIZED, 401 }, { ERR_FORBIDDEN, 403 },
		{ ERR_CONFLICT, 409 }, { ERR_PRECONDITION, 412 },
		{ ERR_KEY_REUSED, 422 }, { ERR_TOO_MANY, 429 },
		{ ERR_RATE_LIMITED, 429 }, { ERR_INTERNAL, 500 },
		{ ERR_UNAVAILABLE, 503 }, { ERR_UNKNOWN_OP, 503 },
		{ ERR_EXPIRED, 503 }, { ERR_BUSY, 503 },
		{ ERR_LOADING, 503 }, { ERR_STORE, 503 },
		{ ERR_OUT_OF_ORDER, 503 }, { ERR_GONE_AWAY, 503 },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++)
		check_number(err_info(rows[i].error)->reason,
		    err_info(rows[i].error)->http, rows[i].http);
}

static void
marks_and_services_make_sense(void **state)
{
	const char	*path;

	(void)state;
	for (unsigned id = 0; id < SERVICE_END; id++)
		assert_non_null(service_name((enum service_id)id));
	check_string("a service", service_name(SERVICE_LOOKUP), "lookup");
	/* placeholders are control bytes that JSON never has */
	check_true("placeholders", PLACEHOLDER_END <= 0x20);
	for (unsigned m = 1; m < PLACEHOLDER_END; m++) {
		path = placeholder_path((enum placeholder)m);
		assert_non_null(path);
		check_true(path, path[0] == '/' &&
		    path[strlen(path) - 1] == '/');
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("a number from outside that is none has a row too",
		    numbers_from_outside_have_rows),
		TEST("each key has a type, bounds and a name of its own",
		    keys_make_sense),
		TEST("each error has a code, each code a word of its own",
		    codes_of_errors_make_sense),
		TEST("each operation has keys that exist; events have theirs",
		    operations_make_sense),
		TEST("each error has a status and texts", errors_make_sense),
		TEST("what may be tried again is said by the status",
		    errors_have_their_statuses),
		TEST("services have names, placeholders have paths",
		    marks_and_services_make_sense),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
