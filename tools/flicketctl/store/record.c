/* Records of replacements, as JSON. */
#include "tools/flicketctl/store/record.h"

#include <jansson.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/durable.h"
#include "base/log.h"
#include "base/paths.h"

const char *const record_parts[RECORD_PARTS + 1] = { PATHS_STORES "/user",
	PATHS_STORES "/ticket", PATHS_STORES "/post", PATHS_STORES "/lookup",
	PATHS_STORES "/" PATHS_UPLOADS, PATHS_STORES "/" PATHS_AVATARS, NULL };

static const char *const states[] = { [RECORD_PREPARED] = "prepared",
	[RECORD_DECIDED] = "decided",
	[RECORD_PLACED] = "placed",
	NULL };

/* The place of a word in a list that NULL ends; -1 if it is not in it. */
static int
find_word(const char *const *words, const char *word)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

/* A plain name within a folder. */
static bool
is_name(const char *name)
{
	return name[0] == '.' && strlen(name) > 2 && strchr(name, '/') == NULL;
}

static bool
is_id(const char *id)
{
	return strlen(id) == RECORD_ID_SIZE - 1 &&
	    strspn(id, "0123456789abcdef") == RECORD_ID_SIZE - 1;
}

static bool
read_parts(const json_t *list, unsigned *ret)
{
	const json_t	*part;
	size_t		 i;
	int		 place;

	*ret = 0;
	json_array_foreach(list, i, part)
	{
		place = json_is_string(part) ?
			    find_word(record_parts, json_string_value(part)) :
			    -1;
		if (place == -1)
			return false;
		*ret |= 1u << place;
	}
	return *ret != 0;
}

static bool
read_members(json_t *root, struct record *ret)
{
	const char	*what, *id, *aside, *state;
	json_t		*parts;
	int		 keeps, place;

	if (json_unpack(root, "{s:s, s:s, s:s, s:b, s:s, s:o}", "what", &what,
		"id", &id, "aside", &aside, "keeps", &keeps, "state", &state,
		"parts", &parts) == -1)
		return false;
	place = find_word(states, state);
	if (place == -1 || !is_id(id) || !is_name(aside) ||
	    strlen(aside) >= sizeof(ret->aside) ||
	    strlen(what) >= sizeof(ret->what) ||
	    !read_parts(parts, &ret->parts))
		return false;
	memcpy(ret->what, what, strlen(what) + 1);
	memcpy(ret->id, id, sizeof(ret->id));
	memcpy(ret->aside, aside, strlen(aside) + 1);
	ret->keeps = keeps != 0;
	ret->state = (enum record_state)place;
	return true;
}

static int
open_record(const char *folder)
{
	struct buf	path = { 0 };
	int		fd, error;

	buf_printf(&path, "%s/" PATHS_REPLACING, folder);
	buf_put_byte(&path, '\0');
	fd = open(path.base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	error = errno;
	buf_done(&path);
	errno = error;
	return fd;
}

enum record_found
record_read(const char *folder, struct record *ret)
{
	int	 fd = open_record(folder);
	json_t	*root;
	bool	 ok;

	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR ? RECORD_ABSENT :
							     RECORD_UNREADABLE;
	root = json_loadfd(fd, JSON_REJECT_DUPLICATES, NULL);
	close(fd);
	*ret = (struct record){ 0 };
	ok = root != NULL && read_members(root, ret);
	json_decref(root);
	errno = 0;
	return ok ? RECORD_THERE : RECORD_UNREADABLE;
}

bool
record_write(const char *folder, const struct record *r)
{
	json_t		*parts = json_array(), *root;
	struct buf	 path = { 0 };
	char		*text;
	int		 error;
	bool		 ok;

	for (int i = 0; i < RECORD_PARTS; i++)
		if ((r->parts >> i & 1) != 0)
			json_array_append_new(
			    parts, json_string(record_parts[i]));
	root = json_pack("{s:s, s:s, s:s, s:b, s:s, s:o}", "what", r->what,
	    "id", r->id, "aside", r->aside, "keeps", (int)r->keeps, "state",
	    states[r->state], "parts", parts);
	CHECK(root != NULL);
	text = json_dumps(root, JSON_INDENT(1));
	CHECK(text != NULL);
	buf_printf(&path, "%s/" PATHS_REPLACING, folder);
	buf_put_byte(&path, '\0');
	/* cppcheck-suppress nullPointer */ /* CHECK() does not return then */
	ok = file_replace(path.base, text, strlen(text), 0644);
	error = errno;
	buf_done(&path);
	free(text);
	json_decref(root);
	errno = error;
	return ok;
}

bool
record_remove(const char *folder)
{
	int	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	bool	ok = fd != -1;

	if (ok) /* an interrupted write leaves the second */
		ok = (unlinkat(fd, PATHS_REPLACING, 0) == 0 ||
			 errno == ENOENT) &&
		     (unlinkat(fd, PATHS_REPLACING ".new", 0) == 0 ||
			 errno == ENOENT) &&
		     folder_sync_fd(fd);
	error = errno;
	if (fd != -1)
		close(fd);
	errno = error;
	return ok;
}
