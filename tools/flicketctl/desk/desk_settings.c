/* The settings of a desk, as a JSON object in its data folder. */
#include "tools/flicketctl/desk/desk_settings.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/log.h"
#include "tools/flicketctl/desk/serve_restart.h"

#define SETTINGS_MOST	65536	/* bytes of the file */

/*
 * Secrets, and the settings of one process or of the terminal that it was started
 * at.
 */
static bool
is_own(size_t row)
{
	static const char *const own[] = { "FLICKET_DATA", "FLICKET_BIND",
	    "FLICKET_LOG_LEVEL", "FLICKET_LOG_FORMAT", "FLICKET_ACCESS_LOG",
	    "FLICKET_ADMIN_PASSWORD_FILE" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(settings_name(row), own[i]) == 0)
			return true;
	return settings_is_secret(row);
}

static bool
is_given(const char *name)
{
	const char	*value = getenv(name);

	return value != NULL && value[0] != '\0';
}

/* --- written -------------------------------------------------------------- */

static json_t *
given_settings(const struct settings *s, const char *address)
{
	json_t		*all = json_object();
	struct buf	 value = { 0 };
	const char	*name;

	for (size_t i = 0; (name = settings_name(i)) != NULL; i++) {
		if (is_own(i) || !is_given(name))
			continue;
		value.len = 0;
		settings_put(&value, s, i);
		json_object_set_new(all, name,
		    json_stringn(value.base, value.len));
	}
	json_object_set_new(all, "FLICKET_LISTEN", json_string(address));
	buf_done(&value);
	return all;
}

void
desk_settings_write(int data, const struct settings *s, const char *address)
{
	json_t	*root = json_pack("{s:s, s:o}", "version", FLICKET_VERSION,
		    "settings", given_settings(s, address));
	char	*text = json_dumps(root, JSON_INDENT(2));
	char	 path[64];

	CHECK(text != NULL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/" DESK_SETTINGS, data);
	if (!file_replace(path, text, strlen(text), 0644))
		log_warn(DESK_SETTINGS ": %s; other commands need the settings "
		    "in their environment", strerror(errno));
	free(text);
	json_decref(root);
}

void
desk_settings_remove(int data)
{
	(void)unlinkat(data, DESK_SETTINGS, 0);
}

/* --- read ----------------------------------------------------------------- */

bool
desk_is_served(int lock)
{
	if (flock(lock, LOCK_SH | LOCK_NB) == -1)
		return errno == EWOULDBLOCK;
	flock(lock, LOCK_UN);
	return false;
}

/* Whether a flicketctl serve runs in the folder. */
static bool
is_running(int data)
{
	int	lock = openat(data, SERVE_LOCK, O_RDONLY | O_CLOEXEC);
	bool	is = lock != -1 && desk_is_served(lock);

	if (lock != -1)
		close(lock);
	return is;
}

/*
 * A file that somebody else made must not say where our requests, and the
 * passwords in them, go.
 */
static bool
is_trusted(int data, int fd)
{
	struct stat	folder, file;

	return fstat(data, &folder) == 0 && fstat(fd, &file) == 0 &&
	    S_ISREG(file.st_mode) && (file.st_mode & 022) == 0 &&
	    file.st_size <= SETTINGS_MOST && (file.st_uid == 0 ||
	    file.st_uid == geteuid() || file.st_uid == folder.st_uid);
}

static json_t *
read_settings(int data)
{
	int	fd = openat(data, DESK_SETTINGS, O_RDONLY | O_CLOEXEC |
		    O_NOFOLLOW | O_NONBLOCK);
	json_t	*root = NULL;

	if (fd == -1)
		return NULL;
	if (is_trusted(data, fd))
		root = json_loadfd(fd, 0, NULL);
	close(fd);
	return root;
}

static void
adopt(const json_t *all)
{
	const char	*name, *value;

	for (size_t i = 0; (name = settings_name(i)) != NULL; i++) {
		value = json_string_value(json_object_get(all, name));
		if (value != NULL && !is_own(i) && !is_given(name))
			(void)setenv(name, value, 1);
	}
}

bool
desk_settings_adopt(void)
{
	const char	*folder = getenv("FLICKET_DATA");
	json_t		*root = NULL;
	int		 data;

	if (folder == NULL || folder[0] == '\0')
		folder = "./data";
	data = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (data == -1)
		return false;
	if (is_running(data))
		root = read_settings(data);
	close(data);
	if (root == NULL)
		return false;
	adopt(json_object_get(root, "settings"));
	json_decref(root);
	return true;
}
