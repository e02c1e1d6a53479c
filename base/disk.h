/* How much room the disk of this process's data has. */
#ifndef BASE_DISK_H
#define BASE_DISK_H

#include <stdint.h>

enum disk_state { DISK_OK, DISK_NEARLY_FULL, DISK_FULL };

/* Less free space, and less than this part of the disk: nearly full. */
#define DISK_SPARE_BYTES	(INT64_C(1) << 30)
#define DISK_SPARE_PART		10

/* Less of either: full. */
#define DISK_NEEDED_BYTES	(INT64_C(1) << 20)
#define DISK_NEEDED_FILES	16

struct disk {
	enum disk_state	state;
	int64_t		free_bytes;	/* for users without privileges */
};

struct statvfs;

/* What the system says of a disk, judged. */
struct disk	 disk_judge(const struct statvfs *);

/* Look at the disk of a path; a disk that cannot be asked counts as OK. */
struct disk	 disk_look(const char *path);

/* The disk of this process's metrics: that of a path that outlives it, until
 * then that of the working folder. */
void		 disk_watch(const char *path);
struct disk	 disk_watched(void);

/* "ok", "nearly full", "full" */
const char	*disk_state_name(enum disk_state);

#endif
