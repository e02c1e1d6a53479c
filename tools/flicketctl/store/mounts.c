/* Mount points. */
#include "tools/flicketctl/store/mounts.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

/* The device of the folder that a path is in, 0 if it cannot be told. */
static dev_t
device_above(const char *path)
{
	const char	*slash = strrchr(path, '/');
	struct buf	 above = { 0 };
	struct stat	 st;
	dev_t		 device = 0;

	buf_put_text(&above, "./");
	if (slash != NULL)
		buf_put(&above, path, (size_t)(slash - path));
	buf_put_byte(&above, '\0');
	if (stat(above.base, &st) == 0)
		device = st.st_dev;
	buf_done(&above);
	return device;
}

bool
mounts_is_apart(const char *path)
{
	struct statx	sx;
	struct stat	st;

	if (lstat(path, &st) == -1)
		return false;
	if (S_ISLNK(st.st_mode) || st.st_dev != device_above(path))
		return true;
	/* a bind mount has the device of the file system that it is a part of
	 */
	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		   STATX_TYPE, &sx) == 0 &&
	    (sx.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* Whether a text begins with \ooo, as the kernel writes blanks and newlines. */
static bool
is_escaped(const char *text)
{
	return text[0] == '\\' && strspn(text + 1, "01234567") >= 3;
}

static void
unescape(char *text)
{
	char	*to = text;

	for (; *text != '\0'; to++) {
		if (is_escaped(text)) {
			*to = (char)((text[1] - '0') << 6 |
				     (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else
			*to = *text++;
	}
	*to = '\0';
}

static bool
is_known(const char *path, const char *const *known)
{
	for (; *known != NULL; known++)
		if (strcmp(path, *known) == 0)
			return true;
	return false;
}

/* Read the mount point of a line of mountinfo, its fifth word. */
static bool
read_mount_point(const char *line, char ret[PATH_MAX])
{
	/* a path that the kernel escapes may be longer than PATH_MAX */
	if (sscanf(line, "%*s %*s %*s %*s %4095s", ret) != 1)
		return false;
	unescape(ret);
	return true;
}

bool
mounts_find(
    const char *folder, const char *const *known, char *ret, size_t size)
{
	char	 here[PATH_MAX], path[PATH_MAX], *line = NULL;
	FILE	*f = fopen("/proc/self/mountinfo", "re");
	size_t	 room = 0, len, inside = strlen(folder);
	bool	 found = false;

	if (f == NULL)
		return false;
	len = getcwd(here, sizeof(here)) == NULL ? 0 : strlen(here);
	if (len == 1)
		len = 0; /* the root has its slash already */
	while (!found && getline(&line, &room, f) != -1)
		if (read_mount_point(line, path) &&
		    strncmp(path, here, len) == 0 && path[len] == '/' &&
		    strncmp(path + len + 1, folder, inside) == 0 &&
		    path[len + 1 + inside] == '/' &&
		    !is_known(path + len + 1, known)) {
			snprintf(ret, size, "%s", path + len + 1);
			found = true;
		}
	free(line);
	fclose(f);
	return found;
}

bool
mounts_is_in_memory(const char *path)
{
	struct statfs	fs;

	return statfs(path, &fs) == 0 &&
	    (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}
