/* The free space of a disk. */
#include "base/disk.h"

#include <sys/statvfs.h>

static const char	*watched = ".";

/* A small disk never has that much, such as a container's in memory. */
static int64_t
spare_bytes(const struct statvfs *v)
{
	int64_t	part = (int64_t)v->f_blocks * (int64_t)v->f_frsize /
		    DISK_SPARE_PART;

	return part < DISK_SPARE_BYTES ? part : DISK_SPARE_BYTES;
}

struct disk
disk_judge(const struct statvfs *v)
{
	struct disk	d = { DISK_OK, (int64_t)v->f_bavail *
			    (int64_t)v->f_frsize };

	if (d.free_bytes < spare_bytes(v))
		d.state = DISK_NEARLY_FULL;
	/* some file systems count no files */
	if (d.free_bytes < DISK_NEEDED_BYTES ||
	    (v->f_files > 0 && v->f_favail < DISK_NEEDED_FILES))
		d.state = DISK_FULL;
	return d;
}

struct disk
disk_look(const char *path)
{
	struct statvfs	v;

	if (statvfs(path, &v) == -1)
		return (struct disk){ DISK_OK, INT64_MAX };
	return disk_judge(&v);
}

void
disk_watch(const char *path)
{
	watched = path;
}

struct disk
disk_watched(void)
{
	return disk_look(watched);
}

const char *
disk_state_name(enum disk_state state)
{
	static const char *const names[] = { [DISK_OK] = "ok",
	    [DISK_NEARLY_FULL] = "nearly full", [DISK_FULL] = "full" };

	return names[state];
}
