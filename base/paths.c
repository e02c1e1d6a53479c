/* Paths below FLICKET_DATA. */
#include "base/paths.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char	*store;
	const char	*folder;
} paths[SERVICE_END] = {
#define SERVICE(number, NAME, name, endpoint) \
	[number] = { PATHS_STORES "/" name "/" name ".db", \
	    PATHS_STORES "/" name },
#include "base/services.tbl"
#undef SERVICE
};

const char *
paths_store(enum service_id id)
{
	return paths[id].store;
}

const char *
paths_store_below(enum service_id id)
{
	return paths[id].store + strlen(PATHS_STORES "/");
}

const char *
paths_store_folder(enum service_id id)
{
	return paths[id].folder;
}

bool
paths_is_replaced(enum service_id id)
{
	char	path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" PATHS_REPLACING, paths[id].folder);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR);
}

bool
paths_make_folder(const char *path)
{
	char	part[PATH_MAX];
	size_t	len = strlen(path);

	if (len >= sizeof(part)) {
		errno = ENAMETOOLONG;
		return false;
	}
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) == -1 && errno != EEXIST)
			return false;
	}
	return true;
}
