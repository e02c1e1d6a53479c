/* Files that come in pieces. */
#include "services/files/receive.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/durable.h"

#define TEMPORARY	".incoming-"

void
receive_discard(struct incoming *in, struct incoming_file *f)
{
	char	name[DIR_MADE_SIZE];

	incoming_free(in, f, name);
	if (name[0] != '\0')
		dir_remove(in->dir, name);
}

void
receive_drop(struct incoming *in, int64_t handle)
{
	struct incoming_file	*f = incoming_drop(in, handle);

	if (f != NULL)
		receive_discard(in, f);
}

/* --- begun ---------------------------------------------------------------- */

static enum err
create_file(struct incoming *in, struct incoming_file *f)
{
	enum err	e;
	int		fd;

	dir_make_name(in->dir, TEMPORARY, "", f->name);
	fd = dir_create(in->dir, f->name);
	if (fd == -1) {
		e = dir_error("cannot be made");
		f->name[0] = '\0';
		return e;
	}
	close(fd);
	return OK;
}

enum err
receive_begin(struct incoming *in, const struct incoming_offer *offer,
    int64_t *ret_handle)
{
	char			 victim[DIR_MADE_SIZE];
	struct incoming_file	*f = incoming_take(in, offer, victim);
	enum err		 e;

	if (victim[0] != '\0')
		dir_remove(in->dir, victim);
	if (f == NULL)
		return ERR_BUSY;
	e = create_file(in, f);
	if (e != OK) {
		receive_discard(in, f);
		return e;
	}
	*ret_handle = f->handle;
	incoming_release(in, f, INCOMING_FILLING);
	return OK;
}

/* --- chunks --------------------------------------------------------------- */

/*
 * The file is opened for each chunk: that takes microseconds, and one
 * descriptor for each of hundreds of files could exceed their limit.
 */
static int
open_for_writing(const struct incoming *in, const struct incoming_file *f)
{
	return dir_open(in->dir, f->name, O_RDWR);
}

/* The kernel begins to write the bytes, so that sealing waits for few. */
static enum err
write_chunk(const struct incoming *in, const struct incoming_file *f,
    struct text bytes)
{
	int		fd = open_for_writing(in, f);
	enum err	e = OK;

	if (fd == -1 || !write_all_at(fd, bytes.base, bytes.len, f->have))
		e = dir_error("cannot be written");
	else
		(void)sync_file_range(fd, f->have, (off_t)bytes.len,
		    SYNC_FILE_RANGE_WRITE);
	if (fd != -1)
		close(fd);
	return e;
}

/* A chunk with another offset follows one that was lost. */
static enum err
append_chunk(const struct incoming *in, struct incoming_file *f,
    struct text bytes, int64_t offset)
{
	enum err	e;

	if (offset != f->have || (int64_t)bytes.len > in->dir->piece_most ||
	    (int64_t)bytes.len > f->size - f->have)
		return ERR_GONE_AWAY;
	e = write_chunk(in, f, bytes);
	if (e == OK)
		f->have += (int64_t)bytes.len;
	return e;
}

enum err
receive_chunk(struct incoming *in, int64_t handle, struct text peer,
    int64_t offset, struct text bytes)
{
	struct incoming_file	*f = incoming_hold(in, handle, peer);
	enum err		 e;

	if (f == NULL)
		return ERR_GONE_AWAY;
	e = append_chunk(in, f, bytes, offset);
	if (e == OK)
		incoming_release(in, f, INCOMING_FILLING);
	else
		receive_discard(in, f);
	return e;
}

/* --- sealed --------------------------------------------------------------- */

static enum err
settle_file(struct incoming *in, struct incoming_file *f, int fd)
{
	char		 extension[DIR_EXTENSION_SIZE + 1];
	char		 name[DIR_MADE_SIZE];
	const char	*failed;

	snprintf(extension, sizeof(extension), ".%s", f->extension);
	dir_make_name(in->dir, "", extension, name);
	failed = dir_settle(in->dir, fd, f->name, name);
	if (failed != NULL)
		return dir_error(failed);
	memcpy(f->name, name, sizeof(name));
	return OK;
}

static enum err
check_and_settle(struct incoming *in, struct incoming_file *f,
    receive_check *check, void *arg)
{
	enum err	e;
	int		fd;

	if (f->have != f->size)
		return ERR_GONE_AWAY;
	fd = open_for_writing(in, f);
	if (fd == -1)
		return dir_error("cannot be opened");
	e = check(fd, f->extension, arg);
	if (e == OK)
		e = settle_file(in, f, fd);
	close(fd);
	return e;
}

enum err
receive_seal(struct incoming *in, int64_t handle, struct text peer,
    receive_check *check, void *arg, char ret_name[DIR_MADE_SIZE])
{
	struct incoming_file	*f = incoming_hold(in, handle, peer);
	enum err		 e;

	if (f == NULL)
		return ERR_GONE_AWAY;
	e = check_and_settle(in, f, check, arg);
	if (e != OK) {
		receive_discard(in, f);
		return e;
	}
	memcpy(ret_name, f->name, sizeof(f->name));
	incoming_release(in, f, INCOMING_SEALED);
	return OK;
}
