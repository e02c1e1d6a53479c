/*
 * Files on their way in, and what is removed.
 *
 * There is room for so many files that have no row. Who brings them says when
 * it has done with one (FILE_DROP), whatever became of it; of an asker that
 * is not heard of any more they are dropped, too. Where there is no room left
 * it is made by the user who has most of it, so that nobody's files keep
 * another user's out.
 *
 * `files.lock` guards the table of files that have no row yet, and the list
 * of those to be removed. It is not held while bytes are written or removed:
 * an entry that the slow lane works on is `busy`, and left alone meanwhile.
 */
#include "services/post/files.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"
#include "base/log.h"
#include "services/post/content.h"

#define STORE		"stores/post/post.db"
#define FOLDER		"stores/post/files"
#define INCOMING	".incoming-"
#define INCOMING_MOST	512	/* files that have no row, all together */
#define LIFE_MS		60000	/* of a file without a row */
#define SILENT_MS	5000	/* ... whose asker sends no PINGs any more */
#define TICK_MS		200	/* while there is something to look after */
#define PEER_BYTES	255	/* most of a ZeroMQ identity */
#define RANDOM_CHARS	26	/* 130 bits */
#define NAME_SIZE	(sizeof(INCOMING) + RANDOM_CHARS + EXTENSION_SIZE)

enum state {
	FREE,
	FILLING,	/* bytes are coming; the name is a temporary one */
	SEALED,		/* all are there, under the name to be */
	CLAIMED		/* a row is being written */
};

struct incoming {
	enum state	state;
	bool		busy;		/* the slow lane is at it */
	bool		dropped;	/* who brought it has done with it */
	int64_t		handle;
	int64_t		user;		/* on whose behalf it comes */
	size_t		peer_len;
	char		peer[PEER_BYTES]; /* who sent the last of it */
	int64_t		pinged_ms;	/* when that sent a PING; 0: it need
					 * send none */
	int64_t		size;		/* bytes it is to have */
	int64_t		have;		/* ... and has */
	int64_t		touched_ms;
	char		extension[EXTENSION_SIZE];
	char		name[NAME_SIZE];
};

/* A file whose row was deleted, perhaps. */
struct doomed {
	struct doomed	*next;
	int64_t		 since_ms;
	char		 name[];
};

static struct {
	pthread_mutex_t	 lock;
	pthread_cond_t	 wake;
	struct incoming	 incoming[INCOMING_MOST];
	unsigned	 taken;		/* of those */
	struct doomed	*doomed;
	int		 folder;	/* -1: there is none */
	const struct service	*service;
	struct db	*db;		/* the thread's, while it works */
	const char	*extensions;	/* that are taken, commas between */
	int64_t		 most_bytes;
	pthread_t	 thread;
	bool		 stopping;
} files = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.wake = PTHREAD_COND_INITIALIZER,
	.folder = -1,
};

/* --- names ------------------------------------------------------------------ */

/* The name of a plain file in the folder, and of no other. */
static bool
is_safe(struct text name)
{
	return name.len > 0 && name.len <= NAME_MAX && name.base[0] != '.' &&
	    memchr(name.base, '/', name.len) == NULL &&
	    memchr(name.base, '\0', name.len) == NULL;
}

static void
copy_name(char ret[NAME_MAX + 1], struct text name)
{
	memcpy(ret, name.base, name.len);
	ret[name.len] = '\0';
}

static void
random_bytes(void *ret, size_t len)
{
	CHECK(getrandom(ret, len, 0) == (ssize_t)len);
}

static void
random_name(char ret[NAME_SIZE], const char *before, const char *after)
{
	static const char	alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char		bytes[RANDOM_CHARS];
	char			chars[RANDOM_CHARS + 1];

	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < RANDOM_CHARS; i++)
		chars[i] = alphabet[bytes[i] % 32];
	chars[RANDOM_CHARS] = '\0';
	snprintf(ret, NAME_SIZE, "%s%s%s", before, chars, after);
}

/* --- the table -------------------------------------------------------------- */

static struct incoming *
find_handle(int64_t handle)
{
	for (size_t i = 0; i < INCOMING_MOST; i++)
		if (files.incoming[i].state != FREE &&
		    files.incoming[i].handle == handle)
			return &files.incoming[i];
	return NULL;
}

static struct incoming *
find_name(struct text name)
{
	struct incoming	*f;

	for (size_t i = 0; i < INCOMING_MOST; i++) {
		f = &files.incoming[i];
		if ((f->state == SEALED || f->state == CLAIMED) &&
		    strlen(f->name) == name.len &&
		    memcmp(f->name, name.base, name.len) == 0)
			return f;
	}
	return NULL;
}

static bool
is_of(const struct incoming *f, struct text peer)
{
	return f->peer_len == peer.len && (peer.len == 0 ||
	    memcmp(f->peer, peer.base, peer.len) == 0);
}

static void
set_peer(struct incoming *f, struct text peer)
{
	CHECK(peer.len <= PEER_BYTES);
	f->peer_len = peer.len;
	if (peer.len > 0)
		memcpy(f->peer, peer.base, peer.len);
	if (f->pinged_ms != 0)
		f->pinged_ms = clock_ms();
}

static unsigned
count_of(int64_t user)
{
	unsigned	count = 0;

	for (size_t i = 0; i < INCOMING_MOST; i++)
		count += files.incoming[i].state != FREE &&
		    files.incoming[i].user == user;
	return count;
}

static bool
may_make_room(const struct incoming *f)
{
	return (f->state == FILLING || f->state == SEALED) && !f->busy;
}

/* The user who has most entries that may make room, and how many. */
static unsigned
find_heaviest(int64_t *ret_user)
{
	const struct incoming	*f = files.incoming;
	unsigned		 count, most = 0;

	for (; f < files.incoming + INCOMING_MOST; f++) {
		if (!may_make_room(f))
			continue;
		count = count_of(f->user);
		if (count > most) {
			most = count;
			*ret_user = f->user;
		}
	}
	return most;
}

/* The entry of a user's that was touched longest ago. */
static struct incoming *
find_oldest(int64_t user)
{
	struct incoming	*f = files.incoming, *found = NULL;

	for (; f < files.incoming + INCOMING_MOST; f++)
		if (may_make_room(f) && f->user == user && (found == NULL ||
		    f->touched_ms < found->touched_ms))
			found = f;
	return found;
}

static struct incoming *
find_free(void)
{
	for (size_t i = 0; i < INCOMING_MOST; i++)
		if (files.incoming[i].state == FREE)
			return &files.incoming[i];
	return NULL;
}

/*
 * An entry for one more file of a user; where none is free, one of who has
 * most, if that is still as many as the user then has. NULL: there is none.
 * ret_name (NAME_SIZE): the file that has to go for it, "": none.
 */
static struct incoming *
find_room(int64_t user, char *ret_name)
{
	struct incoming	*f = find_free();
	int64_t		 heaviest = 0;

	if (f != NULL)
		return f;
	if (find_heaviest(&heaviest) <= count_of(user) + 1)
		return NULL;
	f = find_oldest(heaviest);
	CHECK(f != NULL);
	log_debug("a file of user %lld makes room", (long long)heaviest);
	memcpy(ret_name, f->name, NAME_SIZE);
	return f;
}

static void
remove_file(const char *name)
{
	if (unlinkat(files.folder, name, 0) == -1 && errno != ENOENT)
		log_warn("file %s cannot be removed: %s", name,
		    strerror(errno));
}

/* An entry, taken; NULL if too many files are on their way. */
static struct incoming *
take_entry(const struct call *c, int64_t handle, bool pings)
{
	char		 victim[NAME_SIZE] = "";
	struct incoming	*f;

	pthread_mutex_lock(&files.lock);
	f = find_room(c->request.actor, victim);
	if (f != NULL) {
		files.taken += f->state == FREE;
		*f = (struct incoming){ .state = FILLING, .busy = true,
		    .handle = handle, .user = c->request.actor,
		    .pinged_ms = pings, .touched_ms = clock_ms() };
		set_peer(f, c->peer);
		pthread_cond_signal(&files.wake);
	}
	pthread_mutex_unlock(&files.lock);
	if (victim[0] != '\0')
		remove_file(victim);
	return f;
}

/* The entry of a file that is being filled, busy from now on. */
static struct incoming *
hold_entry(int64_t handle, struct text peer)
{
	struct incoming	*f;

	pthread_mutex_lock(&files.lock);
	f = find_handle(handle);
	if (f != NULL && f->state == FILLING && !f->busy && !f->dropped) {
		f->busy = true;
		set_peer(f, peer);
	} else
		f = NULL;
	pthread_mutex_unlock(&files.lock);
	return f;
}

static void
release_entry(struct incoming *f, enum state state)
{
	pthread_mutex_lock(&files.lock);
	f->state = state;
	f->touched_ms = clock_ms();
	f->busy = false;
	pthread_mutex_unlock(&files.lock);
}

/* Free a busy entry. A file that has its row by now is kept. */
static void
discard(struct incoming *f, bool keep)
{
	char	name[NAME_SIZE];

	pthread_mutex_lock(&files.lock);
	memcpy(name, f->name, sizeof(name));
	f->state = FREE;
	files.taken--;
	pthread_mutex_unlock(&files.lock);
	if (!keep && name[0] != '\0')
		remove_file(name);
}

/* --- in ------------------------------------------------------------------------- */

static bool
is_allowed(const char *extension)
{
	struct entries	list = entries_of(files.extensions);
	struct text	entry;
	size_t		len = strlen(extension);

	while (entries_next(&list, &entry))
		if (entry.len == len &&
		    strncasecmp(entry.base, extension, len) == 0)
			return true;
	return false;
}

static enum err
check_begin(struct call *c, const char *extension)
{
	int64_t	size = args_number(&c->request.args, KEY_SIZE, 0);

	if (!is_allowed(extension))
		return op_refusef(c, ERR_BAD_REQUEST, "file: its name must end "
		    "in one of %s (after a dot), this one ends in \"%s\".",
		    files.extensions, extension);
	if (size < 0 || size > files.most_bytes)
		return op_refusef(c, ERR_BODY_TOO_LARGE, "file: it has %lld "
		    "bytes; %lld are accepted.", (long long)size,
		    (long long)files.most_bytes);
	return OK;
}

/* What went wrong is the store's, and said once in its log. */
static enum err
file_error(const char *what)
{
	log_error("file: %s: %s", what, strerror(errno));
	return ERR_STORE;
}

/* The number that the asker gave it, if it gave one that is free. */
static int64_t
new_handle(int64_t wanted)
{
	int64_t	handle = wanted;
	bool	is_free;

	pthread_mutex_lock(&files.lock);
	is_free = wanted > 0 && find_handle(wanted) == NULL;
	pthread_mutex_unlock(&files.lock);
	if (!is_free) {
		random_bytes(&handle, sizeof(handle));
		handle &= INT64_MAX;
	}
	return handle;
}

enum err
file_begin(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct incoming		*f;
	char			 extension[EXTENSION_SIZE];
	int64_t			 handle;
	enum err		 e;
	int			 fd;

	content_extension(args_text(args, KEY_ORIGINAL_FILENAME), extension);
	e = check_begin(c, extension);
	if (e != OK)
		return e;
	handle = new_handle(args_number(args, KEY_HANDLE, 0));
	f = take_entry(c, handle, handle == args_number(args, KEY_HANDLE, 0));
	if (f == NULL)
		return ERR_BUSY;
	memcpy(f->extension, extension, sizeof(extension));
	f->size = args_number(args, KEY_SIZE, 0);
	random_name(f->name, INCOMING, "");
	fd = openat(files.folder, f->name, O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600);
	if (fd == -1) {
		e = file_error("cannot be made");
		f->name[0] = '\0';
		discard(f, false);
		return e;
	}
	close(fd);
	args_put_number(&c->answer.extra, KEY_HANDLE, handle);
	release_entry(f, FILLING);
	return OK;
}

/*
 * A file on its way is opened for each chunk: that takes microseconds, and
 * hundreds of descriptors would run into their limit.
 */
static int
open_incoming(const struct incoming *f)
{
	return openat(files.folder, f->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
}

static enum err
write_chunk(const struct incoming *f, struct text bytes, int64_t offset)
{
	int		fd = open_incoming(f);
	enum err	e = OK;

	if (fd == -1 || !write_all_at(fd, bytes.base, bytes.len,
	    offset))
		e = file_error("cannot be written");
	else
		/* on its way to the disk already when it is sealed */
		(void)sync_file_range(fd, offset, (off_t)bytes.len,
		    SYNC_FILE_RANGE_WRITE);
	if (fd != -1)
		close(fd);
	return e;
}

/* Chunks come in order: one that does not fit on belongs to a lost one. */
static enum err
append(struct incoming *f, struct text bytes, int64_t offset)
{
	enum err	e;

	if (offset != f->have || bytes.len > FILE_PIECE_MOST ||
	    (int64_t)bytes.len > f->size - f->have)
		return ERR_GONE_AWAY;
	e = write_chunk(f, bytes, offset);
	if (e == OK)
		f->have += (int64_t)bytes.len;
	return e;
}

enum err
file_chunk(struct call *c)
{
	const struct args	*args = &c->request.args;
	struct incoming		*f = hold_entry(args_number(args, KEY_HANDLE,
				    0), c->peer);
	enum err		 e;

	if (f == NULL)
		return ERR_GONE_AWAY;
	e = append(f, args_text(args, KEY_BODY),
	    args_number(args, KEY_OFFSET, 0));
	if (e == OK)
		release_entry(f, FILLING);
	else
		discard(f, false);
	return e;
}

static enum err
check_content(struct call *c, const struct incoming *f, int fd)
{
	const char	*is;

	if (content_fits(fd, f->extension, &is))
		return OK;
	return op_refusef(c, ERR_BAD_REQUEST, "file: what is in it is not what "
	    "its name says (.%s): it is %s.", f->extension, is);
}

/* Under the name to be; once this has succeeded, a crash does not undo it. */
static enum err
settle(struct incoming *f, int fd)
{
	char	extension[EXTENSION_SIZE + 1], name[NAME_SIZE];

	if (fsync(fd) == -1)
		return file_error("cannot be synced");
	snprintf(extension, sizeof(extension), ".%s", f->extension);
	random_name(name, "", extension);
	if (renameat(files.folder, f->name, files.folder, name) == -1)
		return file_error("cannot be renamed");
	memcpy(f->name, name, sizeof(name));
	if (!folder_sync_fd(files.folder))
		return file_error("its folder cannot be synced");
	return OK;
}

static enum err
seal(struct call *c, struct incoming *f)
{
	enum err	e;
	int		fd;

	if (f->have != f->size)
		return ERR_GONE_AWAY;
	fd = open_incoming(f);
	if (fd == -1)
		return file_error("cannot be opened");
	e = check_content(c, f, fd);
	if (e == OK)
		e = settle(f, fd);
	close(fd);
	return e;
}

enum err
file_seal(struct call *c)
{
	struct incoming	*f = hold_entry(args_number(&c->request.args,
			    KEY_HANDLE, 0), c->peer);
	enum err	 e;

	if (f == NULL)
		return ERR_GONE_AWAY;
	e = seal(c, f);
	if (e != OK) {
		discard(f, false);
		return e;
	}
	buf_put_text(&c->message, f->name);
	args_put_text(&c->answer.extra, KEY_FILENAME,
	    (struct text){ c->message.base, c->message.len });
	release_entry(f, SEALED);
	return OK;
}

/*
 * A file whose row may be under way is left to the thread, which sees whether
 * there is one.
 */
enum err
file_drop(struct call *c)
{
	struct incoming	*f;

	pthread_mutex_lock(&files.lock);
	f = find_handle(args_number(&c->request.args, KEY_HANDLE, 0));
	if (f != NULL)
		f->dropped = true;
	if (f != NULL && (f->busy || f->state == CLAIMED))
		f = NULL;
	if (f != NULL)
		f->busy = true;
	pthread_mutex_unlock(&files.lock);
	if (f != NULL)
		discard(f, false);
	return OK;
}

bool
files_claim(struct text filename)
{
	struct incoming	*f;
	bool		 is;

	pthread_mutex_lock(&files.lock);
	f = find_name(filename);
	is = f != NULL && f->state == SEALED && !f->busy && !f->dropped;
	if (is) {
		f->state = CLAIMED;
		f->touched_ms = clock_ms();
	}
	pthread_mutex_unlock(&files.lock);
	return is;
}

void
files_unclaim(struct text filename)
{
	struct incoming	*f;

	pthread_mutex_lock(&files.lock);
	f = find_name(filename);
	if (f != NULL)
		f->state = SEALED;
	pthread_mutex_unlock(&files.lock);
}

void
files_heard(struct text peer)
{
	int64_t	now_ms = clock_ms();

	pthread_mutex_lock(&files.lock);
	for (size_t i = 0; i < INCOMING_MOST && files.taken > 0; i++)
		if (files.incoming[i].pinged_ms != 0 &&
		    is_of(&files.incoming[i], peer))
			files.incoming[i].pinged_ms = now_ms;
	pthread_mutex_unlock(&files.lock);
}

/* --- out -------------------------------------------------------------------- */

/* -1: there is no such file. */
static int
open_file(struct text name, int64_t *ret_size)
{
	char		path[NAME_MAX + 1];
	struct stat	st;
	int		fd;

	if (!is_safe(name))
		return -1;
	copy_name(path, name);
	/* O_NONBLOCK: a named pipe must not make the lane wait */
	fd = openat(files.folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -1;
	}
	*ret_size = st.st_size;
	return fd;
}

enum err
file_open(struct call *c)
{
	struct text	 name = args_text(&c->request.args, KEY_FILENAME);
	struct args	*extra = &c->answer.extra;
	char		 extension[EXTENSION_SIZE];
	const char	*type;
	struct stmt	 st;
	struct text	 original;
	enum err	 e = ERR_NOT_FOUND;
	int64_t		 size;
	int		 fd;

	fd = open_file(name, &size);
	if (fd == -1)
		return ERR_NOT_FOUND;
	close(fd);
	st = op_stmt(c, c->op->sql);
	if (stmt_next(&st)) {
		original = stmt_text(&st, 4);
		buf_put(&c->message, original.base, original.len);
		args_put_text(extra, KEY_ORIGINAL_FILENAME,
		    buf_text(&c->message));
		e = OK;
	}
	e = op_end(c, &st, e);
	if (e != OK)
		return e;
	content_extension(name, extension);
	type = content_type(extension);
	args_put_text(extra, KEY_MEDIA_TYPE,
	    (struct text){ type, strlen(type) });
	args_put_number(extra, KEY_SIZE, size);
	return OK;
}

enum err
file_read(struct call *c)
{
	const struct args	*args = &c->request.args;
	int64_t			 offset = args_number(args, KEY_OFFSET, 0);
	int64_t			 limit = args_number(args, KEY_LIMIT, 0), size;
	ssize_t			 n;
	int			 fd;

	if (offset < 0 || limit < 1 || limit > FILE_PIECE_MOST)
		return op_refuse(c, ERR_BAD_REQUEST,
		    "offset or limit is out of bounds.");
	fd = open_file(args_text(args, KEY_FILENAME), &size);
	if (fd == -1)
		return ERR_NOT_FOUND;
	buf_reserve(&c->message, (size_t)limit);
	n = pread(fd, c->message.base, (size_t)limit, offset);
	close(fd);
	if (n == -1)
		return file_error("cannot be read");
	c->message.len = (size_t)n;
	args_put_text(&c->answer.extra, KEY_BODY,
	    (struct text){ c->message.base, c->message.len });
	return OK;
}

/* --- removed ------------------------------------------------------------------ */

void
files_remove_later(struct text filename)
{
	struct doomed	*d;

	if (!is_safe(filename))
		return;
	d = must_alloc(sizeof(*d) + filename.len + 1);
	memcpy(d->name, filename.base, filename.len);
	d->since_ms = clock_ms();
	pthread_mutex_lock(&files.lock);
	d->next = files.doomed;
	files.doomed = d;
	pthread_cond_signal(&files.wake);
	pthread_mutex_unlock(&files.lock);
}

/* true also where it cannot be told: then nothing is removed. */
static bool
has_row(const char *name)
{
	struct stmt	st = stmt_begin(files.db, SQL_UPLOAD_OF_FILE, NULL);
	bool		has;

	stmt_bind_text(&st, KEY_FILENAME, text_of(name));
	has = stmt_next(&st);
	return !stmt_end(&st) || has;
}

/*
 * The row of a doomed file is there until its deletion is committed, and
 * stays if it is not; then the file does, too.
 */
static void
remove_doomed(int64_t now_ms)
{
	struct doomed	*list, *next, *kept = NULL, **tail = &kept;

	pthread_mutex_lock(&files.lock);
	list = files.doomed;
	files.doomed = NULL;
	pthread_mutex_unlock(&files.lock);
	for (; list != NULL; list = next) {
		next = list->next;
		list->next = NULL;
		if (!has_row(list->name)) {
			remove_file(list->name);
			free(list);
		} else if (now_ms - list->since_ms > LIFE_MS)
			free(list);
		else {
			*tail = list;
			tail = &list->next;
		}
	}
	pthread_mutex_lock(&files.lock);
	*tail = files.doomed;
	files.doomed = kept;
	pthread_mutex_unlock(&files.lock);
}

/*
 * Whether a file that was claimed long ago has no row and will have none. With
 * the writer's lock no transaction is under way that could bring it.
 */
static bool
is_orphan(const char *name)
{
	bool	is;

	if (!db_begin_write(files.db))
		return false;
	is = !has_row(name);
	return db_rollback(files.db) && is;
}

/* Let go of a file that was claimed once it is clear what became of it. */
static void
look_at_claimed(struct incoming *f, const char *name, bool late)
{
	if (has_row(name))
		discard(f, true);
	else if (late && is_orphan(name))
		discard(f, false);
}

/* Whether nobody will do anything with it any more. */
static bool
is_given_up(const struct incoming *f, int64_t now_ms)
{
	return f->dropped || now_ms - f->touched_ms > LIFE_MS ||
	    (f->pinged_ms != 0 && now_ms - f->pinged_ms > SILENT_MS);
}

static void
look_at(struct incoming *f, int64_t now_ms)
{
	char	name[NAME_SIZE];
	bool	late, claimed;

	pthread_mutex_lock(&files.lock);
	claimed = f->state == CLAIMED;
	late = f->state != FREE && !f->busy && is_given_up(f, now_ms);
	/* what is busy is left alone from here on */
	if (late && !claimed)
		f->busy = true;
	memcpy(name, f->name, claimed ? sizeof(name) : 0);
	pthread_mutex_unlock(&files.lock);
	if (claimed)
		look_at_claimed(f, name, late);
	else if (late)
		discard(f, false);
}

static void
look_after_all(int64_t now_ms)
{
	remove_doomed(now_ms);
	for (size_t i = 0; i < INCOMING_MOST; i++)
		look_at(&files.incoming[i], now_ms);
}

/* Whether there is nothing to look after. */
static bool
is_idle(void)
{
	return files.taken == 0 && files.doomed == NULL;
}

/* False if the disk does not let us; it is said. */
static bool
open_db(void)
{
	files.db = db_try_open(files.service, STORE, false);
	return files.db != NULL;
}

/* Until there is work, or the end. */
static bool
wait_for_work(void)
{
	bool	stopping;

	pthread_mutex_lock(&files.lock);
	while (is_idle() && !files.stopping)
		pthread_cond_wait(&files.wake, &files.lock);
	stopping = files.stopping;
	pthread_mutex_unlock(&files.lock);
	return !stopping;
}

/* Whether there is still work after a while. */
static bool
wait_a_while(void)
{
	int64_t	until_ms = clock_ms() + TICK_MS, left_ms = TICK_MS;
	bool	goes_on;

	pthread_mutex_lock(&files.lock);
	while (!files.stopping && left_ms > 0) {
		(void)cond_wait_ms(&files.wake, &files.lock, left_ms);
		left_ms = until_ms - clock_ms();
	}
	goes_on = !is_idle() && !files.stopping;
	pthread_mutex_unlock(&files.lock);
	return goes_on;
}

/*
 * The connection is open only while there is work: the writer lane's is to be
 * the last one when the service ends, which folds the log into the database.
 */
static void *
run(void *arg)
{
	(void)arg;
	while (wait_for_work()) {
		if (!open_db()) {
			wait_a_while();
			continue;
		}
		while (wait_a_while())
			look_after_all(clock_ms());
		db_close(&files.db);
	}
	return NULL;
}

/* --- start ---------------------------------------------------------------------- */

/* Files that a crash left, and any others that no row names. */
static void
sweep(void)
{
	int		 fd = dup(files.folder), count = 0;
	DIR		*dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent	*entry;

	if (dir == NULL)
		log_fatal("%s: %s", FOLDER, strerror(errno));
	/* one look at the store for all; each for itself is as right */
	db_begin_read(files.db);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    entry->d_type == DT_DIR || has_row(entry->d_name))
			continue;
		remove_file(entry->d_name);
		count++;
	}
	db_commit(files.db);
	closedir(dir);
	if (count > 0)
		log_info("%d files without a row removed", count);
}

void
files_start(const struct service *service, const struct settings *settings)
{
	files.service = service;
	files.extensions = settings->upload_extensions;
	files.most_bytes = settings->upload_max_bytes;
	if (mkdir(FOLDER, 0700) == -1 && errno != EEXIST) {
		/* a store elsewhere than a service's: files are not served */
		if (errno == ENOENT)
			return;
		log_fatal("%s: %s", FOLDER, strerror(errno));
	}
	files.folder = open(FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (files.folder == -1 || !folder_sync_at(files.folder, ".."))
		log_fatal("%s: %s", FOLDER, strerror(errno));
	if (pthread_create(&files.thread, NULL, run, NULL) != 0)
		log_fatal("files: no thread can be started");
}

/*
 * Only whoever writes can tell what no row names from what has none yet. What
 * cannot be looked for now stays until the next start.
 */
void
files_became_writer(const struct service *service)
{
	(void)service;
	if (files.folder == -1)
		return;
	pthread_mutex_lock(&files.lock);
	if (open_db()) {
		sweep();
		db_close(&files.db);
	}
	pthread_mutex_unlock(&files.lock);
}

void
files_stop(void)
{
	if (files.folder == -1)
		return;
	pthread_mutex_lock(&files.lock);
	files.stopping = true;
	pthread_cond_signal(&files.wake);
	pthread_mutex_unlock(&files.lock);
	pthread_join(files.thread, NULL);
}
