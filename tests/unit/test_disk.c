/* base/disk.c: a disk with room, and paths that are on none. */
#include "unit.h"

#include <string.h>
#include <sys/statvfs.h>

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

/* Blocks have 1 MB; of files, 0 of 0 are those that are not counted. */
static void
disks_of_all_sizes_are_judged(void **state)
{
	static const struct { unsigned long size, free, files, free_files;
	    enum disk_state want; } rows[] = {
		{ 100000, 50000, 1000, 500, DISK_OK },
		{ 100000, 1024, 1000, 500, DISK_OK },
		{ 100000, 1023, 1000, 500, DISK_NEARLY_FULL },
		/* a tenth of a small one */
		{ 1000, 100, 1000, 500, DISK_OK },
		{ 1000, 99, 1000, 500, DISK_NEARLY_FULL },
		{ 10240, 1023, 1000, 500, DISK_NEARLY_FULL },
		{ 64, 64, 0, 0, DISK_OK },
		{ 100000, 1, 1000, 500, DISK_NEARLY_FULL },
		{ 100000, 0, 1000, 500, DISK_FULL },
		{ 100000, 50000, 1000, 16, DISK_OK },
		{ 100000, 50000, 1000, 15, DISK_FULL },
		{ 0, 0, 0, 0, DISK_FULL },
	};
	struct statvfs	v;

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		v = (struct statvfs){ .f_frsize = 1 << 20,
			.f_blocks = rows[i].size, .f_bavail = rows[i].free,
			.f_files = rows[i].files,
			.f_favail = rows[i].free_files };
		check_number("row", disk_judge(&v).state, rows[i].want);
		check_number("free", disk_judge(&v).free_bytes,
		    (int64_t)rows[i].free << 20);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST("disks are told", disks_are_told),
		TEST("disks of all sizes are judged",
		    disks_of_all_sizes_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
