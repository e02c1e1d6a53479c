/* tools/flicketctl/store/record.c: what is read from a folder that others can
 * write to. */
#include "tools/flicketctl/store/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "unit.h"

static const struct record good = {
	.what = "restore",
	.id = "0123456789abcdef",
	.aside = ".before-20260131T000000Z",
	.keeps = true,
	.parts = 0x1f,
	.state = RECORD_DECIDED,
};

static void
put_text(const char *folder, const char *text)
{
	char path[FOLDER_SIZE + 64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/" PATHS_REPLACING, folder);
	f = fopen(path, "we");
	check_true("open", f != NULL && fputs(text, f) != EOF);
	fclose(f);
}

static void
what_is_written_is_read(void **state)
{
	struct record r;
	char folder[FOLDER_SIZE];

	(void)state;
	unit_folder_make(folder);
	check_number("none", record_read(folder, &r), RECORD_ABSENT);
	check_true("write", record_write(folder, &good));
	check_number("there", record_read(folder, &r), RECORD_THERE);
	check_string("what", r.what, good.what);
	check_string("id", r.id, good.id);
	check_string("aside", r.aside, good.aside);
	check_true("keeps", r.keeps);
	check_number("parts", r.parts, good.parts);
	check_number("state", r.state, good.state);
	check_true("remove", record_remove(folder));
	check_number("removed", record_read(folder, &r), RECORD_ABSENT);
	check_true("again", record_remove(folder));
	unit_folder_remove(folder);
}

/* Names in a record are those of folders that are moved and removed. */
static void
damaged_ones_are_refused(void **state)
{
#define LIKE(what, id, aside, state, part)                                     \
	"{\"what\":\"" what "\",\"id\":\"" id "\",\"aside\":\"" aside          \
	"\",\"keeps\":true,\"state\":\"" state "\",\"parts\":[" part "]}"
#define ID   "0123456789abcdef"
#define USER "\"stores/user\""
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		LIKE("restore", ID, ".before-1", "other", USER),
		LIKE("restore", ID, ".before-1", "decided", ""),
		LIKE("restore", ID, ".before-1", "decided", "\"stores/../..\""),
		LIKE("restore", ID, ".before-1", "decided", "1"),
		LIKE("restore", ID, "../other", "decided", USER),
		LIKE("restore", ID, "..", "decided", USER),
		LIKE("restore", ID, "user.db", "decided", USER),
		LIKE("restore", "../../../../../x", ".before-1", "decided",
		    USER),
		LIKE("restore", "0123", ".before-1", "decided", USER),
		LIKE("a word that is too long", ID, ".before-1", "decided",
		    USER),
	};
	struct record r;
	char folder[FOLDER_SIZE];

	(void)state;
	unit_folder_make(folder);
	put_text(folder, LIKE("restore", ID, ".before-1", "decided", USER));
	check_number("good", record_read(folder, &r), RECORD_THERE);
	for (size_t i = 0; i < LEN(texts); i++) {
		put_text(folder, texts[i]);
		check_number(
		    texts[i], record_read(folder, &r), RECORD_UNREADABLE);
	}
	unit_folder_remove(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST("what is written is read", what_is_written_is_read),
		TEST("damaged ones are refused", damaged_ones_are_refused),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
