/* Attached files: what the operations ask of services/files/. */
#include "services/post/files.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/scan.h"
#include "services/files/receive.h"
#include "services/files/serve.h"
#include "services/post/content.h"

static const struct dir	files_dir = {
	.home = PATHS_STORES "/post",
	.store = PATHS_STORES "/post/post.db",
	.path = PATHS_STORES "/" PATHS_UPLOADS,
	.sql_row = SQL_UPLOAD_OF_FILE,
	.alphabet = "abcdefghijklmnopqrstuvwxyz234567",
	.digits = 26,		/* 130 bits */
	.piece_most = FILE_PIECE_MOST,
};

static struct {
	struct incoming	 incoming;
	struct reaper	 reaper;
	const char	*extensions;	/* that are accepted, commas between */
	int64_t		 most_bytes;	/* of a file */
} files;

/* --- files on their way in ------------------------------------------------ */

static bool
is_accepted(const char *extension)
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

/* The part of a form that has the file is no argument. */
static enum err
of_file(struct call *c, enum fault_code code, enum err e)
{
	args_put_text(&c->answer.extra, KEY_FIELD, TEXT_OF("file"));
	return op_fault(c, code, 0, e);
}

#define END_SHOWN_MOST	80	/* bytes of a name in a message */

/* As the user wrote it: of wide signs, offer->extension has nothing. */
static enum err
refuse_extension(struct call *c)
{
	struct text	 name = args_text(&c->request.args,
			    KEY_ORIGINAL_FILENAME);
	const char	*dot = memrchr(name.base, '.', name.len);
	size_t		 len;

	if (dot == NULL)
		return op_refusef(c, ERR_BAD_REQUEST, "file: its name must "
		    "end in one of %s (after a dot), this one has no dot.",
		    files.extensions);
	len = (size_t)(name.base + name.len - dot);
	if (len > END_SHOWN_MOST)
		for (len = END_SHOWN_MOST; scan_continues(dot[len]); len--)
			continue;
	return op_refusef(c, ERR_BAD_REQUEST, "file: its name must end in one "
	    "of %s (after a dot), this one ends in \"%.*s\".",
	    files.extensions, (int)len, dot);
}

static enum err
check_offer(struct call *c, const struct incoming_offer *offer)
{
	if (!is_accepted(offer->extension))
		return of_file(c, FAULT_INVALID, refuse_extension(c));
	if (offer->size < 0 || offer->size > files.most_bytes)
		return of_file(c, FAULT_TOO_LARGE, op_refusef(c,
		    ERR_BODY_TOO_LARGE, "file: it has %lld bytes; %lld are "
		    "accepted.", (long long)offer->size,
		    (long long)files.most_bytes));
	return OK;
}

enum err
file_begin(struct call *c)
{
	const struct args	*args = &c->request.args;
	char			 extension[DIR_EXTENSION_SIZE];
	struct incoming_offer	 offer = {
		.handle = args_number(args, KEY_HANDLE, 0),
		.user = c->request.actor,
		.peer = c->peer,
		.extension = extension,
		.size = args_number(args, KEY_SIZE, 0),
	};
	int64_t			 handle;
	enum err		 e;

	content_extension(args_text(args, KEY_ORIGINAL_FILENAME), extension);
	e = check_offer(c, &offer);
	if (e == OK)
		e = receive_begin(&files.incoming, &offer, &handle);
	if (e != OK)
		return e;
	args_put_number(&c->answer.extra, KEY_HANDLE, handle);
	reaper_wake(&files.reaper);
	return OK;
}

static int64_t
handle_of(const struct call *c)
{
	return args_number(&c->request.args, KEY_HANDLE, 0);
}

enum err
file_chunk(struct call *c)
{
	const struct args	*args = &c->request.args;

	return receive_chunk(&files.incoming, handle_of(c), c->peer,
	    args_number(args, KEY_OFFSET, 0), args_text(args, KEY_BODY));
}

static enum err
check_content(int fd, const char *extension, void *arg)
{
	struct call	*c = arg;
	char		 is[CONTENT_IS_SIZE];

	if (content_fits(fd, extension, is))
		return OK;
	return of_file(c, FAULT_INVALID, op_refusef(c, ERR_BAD_REQUEST, "file: "
	    "its content does not match its name: .%s is for %s, the content "
	    "is %s.", extension, content_claim(extension), is));
}

enum err
file_seal(struct call *c)
{
	char		name[DIR_MADE_SIZE];
	enum err	e = receive_seal(&files.incoming, handle_of(c),
			    c->peer, check_content, c, name);

	if (e != OK)
		return e;
	buf_put_text(&c->message, name);
	args_put_text(&c->answer.extra, KEY_FILENAME, buf_text(&c->message));
	return OK;
}

enum err
file_drop(struct call *c)
{
	receive_drop(&files.incoming, handle_of(c));
	return OK;
}

bool
files_claim(struct text filename)
{
	return incoming_claim(&files.incoming, filename);
}

void
files_unclaim(struct text filename)
{
	incoming_unclaim(&files.incoming, filename);
}

void
files_heard(struct text peer)
{
	incoming_heard(&files.incoming, peer, clock_ms());
}

/* --- files that are read -------------------------------------------------- */

/* Answer under which name a file was uploaded. NOT_FOUND: it has no row. */
static enum err
put_original_name(struct call *c)
{
	struct stmt	st = op_stmt(c, c->op->sql);
	struct text	original;
	enum err	e = ERR_NOT_FOUND;

	if (stmt_next(&st)) {
		original = stmt_text(&st, 4);
		buf_put(&c->message, original.base, original.len);
		args_put_text(&c->answer.extra, KEY_ORIGINAL_FILENAME,
		    buf_text(&c->message));
		e = OK;
	}
	return op_end(c, &st, e);
}

enum err
file_open(struct call *c)
{
	struct text	name = args_text(&c->request.args, KEY_FILENAME);
	char		extension[DIR_EXTENSION_SIZE];
	int64_t		size;
	int		fd = serve_open(&files_dir, name, &size);
	enum err	e;

	if (fd == -1)
		return ERR_NOT_FOUND;
	close(fd);
	e = put_original_name(c);
	if (e != OK)
		return e;
	content_extension(name, extension);
	args_put_text(&c->answer.extra, KEY_MEDIA_TYPE,
	    text_of(content_type(extension)));
	args_put_number(&c->answer.extra, KEY_SIZE, size);
	return OK;
}

enum err
file_read(struct call *c)
{
	const struct args	*args = &c->request.args;
	int64_t			 offset = args_number(args, KEY_OFFSET, 0);
	int64_t			 limit = args_number(args, KEY_LIMIT, 0);
	enum err		 e;

	if (offset < 0 || limit < 1 || limit > FILE_PIECE_MOST)
		return op_refuse(c, ERR_BAD_REQUEST,
		    "offset or limit is out of bounds.");
	e = serve_piece(&files_dir, args_text(args, KEY_FILENAME), offset,
	    limit, &c->message);
	if (e == OK)
		args_put_text(&c->answer.extra, KEY_BODY,
		    buf_text(&c->message));
	return e;
}

/* --- files that are removed ----------------------------------------------- */

enum err
files_delete(struct call *c, struct stmt *st)
{
	while (stmt_next(st))
		reaper_unlink_later(&files.reaper, stmt_text(st, 0));
	return op_end(c, st, OK);
}

struct reaper *
files_reaper(void)
{
	return &files.reaper;
}

void
files_start(const struct service *service, const struct settings *settings)
{
	files.extensions = settings->upload_extensions;
	files.most_bytes = settings->upload_max_bytes;
	incoming_init(&files.incoming, &files_dir);
	reaper_init(&files.reaper, service, &files_dir, &files.incoming);
	if (!dir_make(&files_dir)) {
		/* without a store of the service no files are served */
		if (errno == ENOENT)
			return;
		log_fatal("%s: %s", files_dir.path, strerror(errno));
	}
	reaper_start(&files.reaper);
}

/* Only the process that writes knows that no row of these files will come. */
void
files_became_writer(const struct service *service)
{
	(void)service;
	reaper_sweep(&files.reaper);
}

void
files_stop(void)
{
	reaper_stop(&files.reaper);
}
