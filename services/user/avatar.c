/* Pictures of users. */
#include "services/user/avatar.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/log.h"

#define STORE		"stores/user"
#define FOLDER		STORE "/avatars"
#define RANDOM_BYTES	16
#define NAME_DIGITS	((size_t)2 * RANDOM_BYTES) /* of names that are ours */
#define NAME_SIZE	256
#define READ_MOST_BYTES	(8L << 20)	/* Flicket had no bound */
#define GOING_MOST	64
#define GOING_MS	10000	/* then the row was not changed after all */

/* What Flicket's forms and browsers agree on. */
static const struct { const char *type, *ending; } types[] = {
	{ "image/png", ".png" },
	{ "image/jpeg", ".jpg" },
	{ "image/jpeg", ".jpeg" },
	{ "image/gif", ".gif" },
};

#define TYPES	(sizeof(types) / sizeof(types[0]))

static magic_t	magic;		/* the writer lane's, after the start */

/* Files that are to go, put in by the writer lane, taken out by the loop. */
static struct {
	pthread_mutex_t	lock;
	size_t		count;
	struct going {
		char	name[NAME_SIZE];
		int64_t	since_ms;
	}		rows[GOING_MOST];
} going = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* --- names ---------------------------------------------------------------- */

/* A name from a row or the wire is one of a file here, and of nothing else. */
static bool
is_safe(struct text name)
{
	return name.len > 0 && name.len < NAME_SIZE && name.base[0] != '.' &&
	    memchr(name.base, '/', name.len) == NULL &&
	    memchr(name.base, '\0', name.len) == NULL;
}

static void
path_of(struct text name, char ret[NAME_SIZE + sizeof(FOLDER) + 1])
{
	snprintf(ret, NAME_SIZE + sizeof(FOLDER) + 1, "%s/%.*s", FOLDER,
	    (int)name.len, name.base);
}

static const char *
ending_of(struct text type)
{
	for (size_t i = 0; i < TYPES; i++)
		if (strlen(types[i].type) == type.len &&
		    memcmp(types[i].type, type.base, type.len) == 0)
			return types[i].ending;
	return NULL;
}

/* What a name says it is; of ours that is what was found in the file. */
static const char *
type_of(struct text name)
{
	size_t	len;

	for (size_t i = 0; i < TYPES; i++) {
		len = strlen(types[i].ending);
		if (name.len > len && strncasecmp(name.base + name.len - len,
		    types[i].ending, len) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

static void
random_name(const char *ending, char ret[NAME_SIZE])
{
	unsigned char	random[RANDOM_BYTES];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(ret, NAME_DIGITS + 1, random, sizeof(random));
	snprintf(ret + NAME_DIGITS, NAME_SIZE - NAME_DIGITS, "%s", ending);
}

/* --- files ---------------------------------------------------------------- */

/* Whole under its name, or not there. */
static bool
write_file(const char *name, struct text bytes)
{
	char	path[NAME_SIZE + sizeof(FOLDER) + 1];
	char	temporary[sizeof(path) + 4];
	int	fd;
	bool	ok;

	if (mkdir(FOLDER, 0700) == 0)
		(void)folder_sync_at(AT_FDCWD, STORE);
	path_of((struct text){ name, strlen(name) }, path);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return false;
	ok = write_all(fd, bytes.base, bytes.len) && fsync(fd) == 0;
	close(fd);
	ok = ok && rename(temporary, path) == 0;
	if (!ok)
		unlink(temporary);
	return ok && folder_sync_at(AT_FDCWD, FOLDER);
}

static void
remove_file(const char *name)
{
	char	path[NAME_SIZE + sizeof(FOLDER) + 1];

	path_of((struct text){ name, strlen(name) }, path);
	if (unlink(path) == -1 && errno != ENOENT)
		log_warn("%s cannot be removed: %s", path, strerror(errno));
}

/* --- what is to go -------------------------------------------------------- */

/* One too many stays where it is until the next start. */
static void
let_go(const char *name)
{
	struct going	*row;

	pthread_mutex_lock(&going.lock);
	if (going.count < GOING_MOST) {
		row = &going.rows[going.count++];
		snprintf(row->name, sizeof(row->name), "%s", name);
		row->since_ms = clock_ms();
	}
	pthread_mutex_unlock(&going.lock);
}

enum err
avatar_give_up(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_AVATAR_OF);
	struct text	name;

	if (stmt_next(&st)) {
		name = stmt_text(&st, 0);
		if (name.base != NULL && is_safe(name))
			let_go(name.base);
	}
	return op_end(c, &st, OK);
}

/* Whether a row of those that are committed has the file. */
static bool
is_used(struct call *c, const char *name)
{
	struct stmt	st = op_stmt(c, SQL_AVATAR_USED);
	bool		found;

	stmt_bind_text(&st, KEY_FILENAME, text_of(name));
	found = stmt_next(&st);
	return op_end(c, &st, OK) != OK || found;
}

void
avatar_clear(struct call *c)
{
	int64_t		 now_ms = clock_ms();
	size_t		 kept = 0;
	struct going	*row;

	pthread_mutex_lock(&going.lock);
	for (size_t i = 0; i < going.count; i++) {
		row = &going.rows[i];
		if (!is_used(c, row->name))
			remove_file(row->name);
		else if (now_ms - row->since_ms < GOING_MS)
			going.rows[kept++] = *row;
	}
	going.count = kept;
	pthread_mutex_unlock(&going.lock);
	args_remove(&c->request.args, KEY_FILENAME);
}

/* --- operations ----------------------------------------------------------- */

/* What a picture is called, if it is one, and is what it is said to be. */
static enum err
check_picture(struct call *c, const char **ret_ending)
{
	struct text	 bytes = args_text(&c->request.args, KEY_BODY);
	struct text	 type = args_text(&c->request.args, KEY_MEDIA_TYPE);
	const char	*is;

	*ret_ending = ending_of(type);
	if (bytes.len == 0)
		return op_refuse(c, ERR_BAD_REQUEST,
		    "The body is empty; it must be the picture itself.");
	if (bytes.len > AVATAR_MOST_BYTES)
		return op_refusef(c, ERR_BODY_TOO_LARGE,
		    "A picture has at most %d bytes, this one has %zu.",
		    AVATAR_MOST_BYTES, bytes.len);
	is = magic_buffer(magic, bytes.base, bytes.len);
	if (*ret_ending == NULL || is == NULL || strlen(is) != type.len ||
	    memcmp(is, type.base, type.len) != 0)
		return op_refusef(c, ERR_BAD_MEDIA_TYPE, "The picture must be "
		    "image/png, image/jpeg or image/gif, and be what "
		    "Content-Type says; it looks like %s.",
		    is == NULL ? "nothing known" : is);
	return OK;
}

enum err
avatar_put(struct call *c)
{
	struct args	*args = &c->request.args;
	char		 name[NAME_SIZE];
	const char	*ending;
	enum err	 e = check_picture(c, &ending);

	if (e != OK)
		return e;
	random_name(ending, name);
	if (!write_file(name, args_text(args, KEY_BODY))) {
		log_error("%s/%s cannot be written: %s", FOLDER, name,
		    strerror(errno));
		return ERR_STORE;
	}
	args_put_text(args, KEY_AVATAR, (struct text){ name, strlen(name) });
	e = avatar_give_up(c);
	if (e == OK)
		e = op_one(c);
	if (e != OK)
		remove_file(name);
	args_remove(args, KEY_AVATAR);	/* it was on the stack */
	return e;
}

/* Read a file into the call's own memory. */
static enum err
read_file(struct call *c, struct text name, struct text *ret)
{
	char		path[NAME_SIZE + sizeof(FOLDER) + 1];
	struct stat	st;
	ssize_t		n = 0;
	size_t		len = 0;
	int		fd;

	path_of(name, path);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size > READ_MOST_BYTES) {
		if (fd != -1)
			close(fd);
		return ERR_NOT_FOUND;
	}
	c->text.len = 0;
	buf_reserve(&c->text, (size_t)st.st_size);
	while (len < (size_t)st.st_size && (n = read(fd, c->text.base + len,
	    (size_t)st.st_size - len)) > 0)
		len += (size_t)n;
	close(fd);
	*ret = (struct text){ c->text.base, len };
	return n == -1 ? ERR_STORE : OK;
}

enum err
avatar_get(struct call *c)
{
	struct text	 name = args_text(&c->request.args, KEY_FILENAME);
	const char	*type = type_of(name);
	struct text	 bytes;
	enum err	 e;

	if (!is_safe(name))
		return ERR_NOT_FOUND;
	e = read_file(c, name, &bytes);
	if (e != OK)
		return e;
	args_put_text(&c->answer.extra, KEY_BODY, bytes);
	args_put_text(&c->answer.extra, KEY_MEDIA_TYPE,
	    (struct text){ type, strlen(type) });
	return OK;
}

/* --- start ---------------------------------------------------------------- */

/* Files of ours, whole or not, are called so; others are not ours to remove. */
static bool
is_ours(const char *name)
{
	return strspn(name, "0123456789abcdef") == NAME_DIGITS &&
	    name[NAME_DIGITS] == '.';
}

static bool
has_row(struct db *db, const char *name)
{
	struct stmt	st = stmt_begin(db, SQL_AVATAR_USED, NULL);
	bool		has;

	stmt_bind_text(&st, KEY_FILENAME, text_of(name));
	has = stmt_next(&st);
	return !stmt_end(&st) || has;
}

static void
sweep(const struct service *service, DIR *folder)
{
	struct db	*db = db_open(service, STORE "/user.db", false);
	struct dirent	*entry;

	while ((entry = readdir(folder)) != NULL)
		if (is_ours(entry->d_name) && !has_row(db, entry->d_name)) {
			log_info("%s/%s is nobody's: removed", FOLDER,
			    entry->d_name);
			remove_file(entry->d_name);
		}
	db_close(&db);
}

void
avatar_start(void)
{
	if (magic == NULL)
		magic = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS |
		    MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_APPTYPE |
		    MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TOKENS);
	if (magic == NULL || magic_load(magic, NULL) == -1)
		log_fatal("libmagic cannot be used: %s",
		    magic == NULL ? strerror(errno) : magic_error(magic));
}

void
avatar_became_writer(const struct service *service)
{
	DIR	*folder = opendir(FOLDER);

	if (folder == NULL)
		return;
	sweep(service, folder);
	closedir(folder);
}
