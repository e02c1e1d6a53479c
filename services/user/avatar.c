/* Pictures of users. */
#include "services/user/avatar.h"

#include <errno.h>
#include <magic.h>
#include <strings.h>

#include "base/log.h"
#include "base/paths.h"
#include "services/files/serve.h"

/* Files of other names are the operator's, or were imported. */
static const struct dir	avatar_dir = {
	.home = PATHS_STORES "/user",
	.store = PATHS_STORES "/user/user.db",
	.path = PATHS_STORES "/" PATHS_AVATARS,
	.sql_row = SQL_AVATAR_USED,
	.alphabet = "0123456789abcdef",
	.digits = 32,			/* 128 bits */
	.has_others = true,
	.piece_most = 8 << 20,		/* imported ones may be larger than
					 * AVATAR_MOST_BYTES */
};

/* The types that Flicket's forms accept and browsers show. */
static const struct { const char *type, *extension; } types[] = {
	{ "image/png", ".png" },
	{ "image/jpeg", ".jpg" },
	{ "image/jpeg", ".jpeg" },
	{ "image/gif", ".gif" },
};

#define TYPES	(sizeof(types) / sizeof(types[0]))

static struct {
	magic_t		magic;		/* the writer lane's, after the start */
	struct reaper	reaper;
} avatars;

/* --- types ---------------------------------------------------------------- */

static const char *
extension_of(struct text type)
{
	for (size_t i = 0; i < TYPES; i++)
		if (text_same(text_of(types[i].type), type))
			return types[i].extension;
	return NULL;
}

/* The type that a name says; the content was checked when the file came. */
static const char *
type_of_name(struct text name)
{
	size_t	len;

	for (size_t i = 0; i < TYPES; i++) {
		len = strlen(types[i].extension);
		if (name.len > len && strncasecmp(name.base + name.len - len,
		    types[i].extension, len) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/* --- operations ----------------------------------------------------------- */

enum err
avatar_unlink_later(struct call *c)
{
	struct stmt	st = op_stmt(c, SQL_AVATAR_OF);
	struct text	name;

	if (stmt_next(&st)) {
		name = stmt_text(&st, 0);
		if (name.base != NULL)
			reaper_unlink_later(&avatars.reaper, name);
	}
	return op_end(c, &st, OK);
}

/* libmagic calls text what it does not know. */
static const char *
type_of_bytes(struct text bytes)
{
	const char	*is = magic_buffer(avatars.magic, bytes.base,
			    bytes.len);

	return is == NULL || (strncmp(is, "text/", 5) == 0 &&
	    memchr(bytes.base, '\0', bytes.len) != NULL) ?
	    "application/octet-stream" : is;
}

/* Whether the body is a picture of the type that the request says. */
static enum err
check_picture(struct call *c, const char **ret_extension)
{
	struct text	 bytes = args_text(&c->request.args, KEY_BODY);
	struct text	 type = args_text(&c->request.args, KEY_MEDIA_TYPE);
	const char	*is;

	*ret_extension = extension_of(type);
	if (bytes.len == 0)
		return op_fault(c, FAULT_EMPTY, 0,
		    op_refuse(c, ERR_BAD_REQUEST,
		    "The body is empty; it must be the picture itself."));
	if (bytes.len > AVATAR_MOST_BYTES)
		return op_refusef(c, ERR_BODY_TOO_LARGE,
		    "A picture has at most %d bytes, this one has %zu.",
		    AVATAR_MOST_BYTES, bytes.len);
	is = type_of_bytes(bytes);
	if (*ret_extension == NULL || !text_same(text_of(is), type))
		return op_refusef(c, ERR_BAD_MEDIA_TYPE, "The picture must be "
		    "image/png, image/jpeg or image/gif. Content-Type says "
		    "%.*s, the content is %s.",
		    type.len > 60 ? 60 : (int)type.len, type.base, is);
	return OK;
}

/* Write the row of a picture whose file is there. */
static enum err
write_row(struct call *c, const char *name)
{
	struct stmt	st;
	enum err	e = avatar_unlink_later(c);

	if (e != OK)
		return e;
	st = op_stmt(c, c->op->sql);
	stmt_bind_text(&st, KEY_AVATAR, text_of(name));
	return op_put_one(c, &st);
}

enum err
avatar_put(struct call *c)
{
	char		 name[DIR_MADE_SIZE];
	const char	*extension;
	enum err	 e = check_picture(c, &extension);

	if (e != OK)
		return e;
	dir_make_name(&avatar_dir, "", extension, name);
	if (!dir_write(&avatar_dir, name,
	    args_text(&c->request.args, KEY_BODY))) {
		log_error("%s/%s cannot be written: %s", avatar_dir.path, name,
		    strerror(errno));
		return ERR_STORE;
	}
	e = write_row(c, name);
	if (e != OK)
		dir_remove(&avatar_dir, name);
	return e;
}

enum err
avatar_get(struct call *c)
{
	struct text	 name = args_text(&c->request.args, KEY_FILENAME);
	const char	*type = type_of_name(name);
	enum err	 e;

	c->text.len = 0;
	e = serve_whole(&avatar_dir, name, &c->text);
	if (e != OK)
		return e;
	args_put_text(&c->answer.extra, KEY_BODY, buf_text(&c->text));
	args_put_text(&c->answer.extra, KEY_MEDIA_TYPE, text_of(type));
	return OK;
}

/* --- start ---------------------------------------------------------------- */

struct reaper *
avatar_reaper(void)
{
	return &avatars.reaper;
}

void
avatar_start(const struct service *service)
{
	if (avatars.magic == NULL)
		avatars.magic = magic_open(MAGIC_MIME_TYPE |
		    MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
		    MAGIC_NO_CHECK_APPTYPE | MAGIC_NO_CHECK_ELF |
		    MAGIC_NO_CHECK_TOKENS);
	if (avatars.magic == NULL || magic_load(avatars.magic, NULL) == -1)
		log_fatal("libmagic cannot be used: %s", avatars.magic ==
		    NULL ? strerror(errno) : magic_error(avatars.magic));
	reaper_init(&avatars.reaper, service, &avatar_dir, NULL);
	reaper_start(&avatars.reaper);
}

void
avatar_became_writer(const struct service *service)
{
	(void)service;
	reaper_sweep(&avatars.reaper);
}

void
avatar_stop(void)
{
	reaper_stop(&avatars.reaper);
}
