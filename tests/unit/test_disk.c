/* base/disk.c: a disk with room, and paths that are on none. */
#include "unit.h"

#include <string.h>

#include "base/disk.h"

static void
disks_are_told(void **state)
{
	struct disk	d = disk_look("/no/such/path");

	(void)state;
	check_number("unknown", d.state, DISK_OK);
	d = disk_look(".");
	check_true("free", d.free_bytes >= 0);
	check_true("its state", d.state == DISK_OK ||
	    d.free_bytes < DISK_SPARE_BYTES);
	d = disk_look("/proc");		/* a disk of no bytes */
	check_number("none free", d.free_bytes, 0);
	check_number("full", d.state, DISK_FULL);
	disk_watch("/proc");
	check_number("watched", disk_watched().state, DISK_FULL);
	assert_string_equal(disk_state_name(DISK_FULL), "full");
	assert_string_equal(disk_state_name(DISK_NEARLY_FULL), "nearly full");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("disks are told", disks_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
