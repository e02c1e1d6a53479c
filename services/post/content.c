/*
 * Extensions and the types that they stand for. Formats of Microsoft's are
 * checked by their container only: the content does not always show which
 * program wrote it, and other programs write these formats as well.
 */
#include "services/post/content.h"

#include <magic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum container {
	OWN,	/* libmagic knows the format by its type */
	PLAIN,	/* any text, in any encoding; it may be empty */
	OLE,	/* a compound file */
	ZIP	/* an archive; or a compound file, if it is encrypted */
};

static const struct kind {
	const char	*extension;
	enum container	 container;
	const char	*type;		/* served with; of OWN, checked */
	const char	*also;		/* another type that is accepted */
} kinds[] = {
	{ "txt", PLAIN, "text/plain" },
	{ "log", PLAIN, "text/plain" },
	{ "md", PLAIN, "text/plain" },
	{ "csv", PLAIN, "text/csv" },
	{ "json", PLAIN, "application/json" },
	{ "xml", PLAIN, "application/xml" },
	{ "pdf", OWN, "application/pdf" },
	{ "png", OWN, "image/png" },
	{ "jpg", OWN, "image/jpeg" },
	{ "jpeg", OWN, "image/jpeg" },
	{ "gif", OWN, "image/gif" },
	{ "webp", OWN, "image/webp" },
	{ "bmp", OWN, "image/bmp" },
	{ "tif", OWN, "image/tiff" },
	{ "tiff", OWN, "image/tiff" },
	{ "zip", OWN, "application/zip" },
	{ "rtf", OWN, "text/rtf" },
	{ "msg", OLE, "application/vnd.ms-outlook" },
	{ "doc", OLE, "application/msword", "text/rtf" },
	{ "xls", OLE, "application/vnd.ms-excel" },
	{ "ppt", OLE, "application/vnd.ms-powerpoint" },
	{ "docx", ZIP, "application/vnd.openxmlformats-officedocument."
	    "wordprocessingml.document" },
	{ "xlsx", ZIP, "application/vnd.openxmlformats-officedocument."
	    "spreadsheetml.sheet" },
	{ "pptx", ZIP, "application/vnd.openxmlformats-officedocument."
	    "presentationml.presentation" },
};

static struct {
	magic_t	cookie;
} content;

void
content_start(void)
{
	if (content.cookie != NULL)
		return;
	content.cookie = magic_open(MAGIC_NONE);
	if (content.cookie == NULL || magic_load(content.cookie, NULL) == -1)
		log_fatal("libmagic's database cannot be loaded: %s",
		    content.cookie == NULL ? "out of memory" :
		    magic_error(content.cookie));
}

void
content_extension(struct text name, char ret[DIR_EXTENSION_SIZE])
{
	const char	*dot = memrchr(name.base, '.', name.len);
	size_t		 len;
	char		 c;

	ret[0] = '\0';
	if (dot == NULL)
		return;
	dot++;
	len = (size_t)(name.base + name.len - dot);
	if (len >= DIR_EXTENSION_SIZE)
		return;
	for (size_t i = 0; i < len; i++) {
		c = dot[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
			ret[0] = '\0';
			return;
		}
		ret[i] = c;
	}
	ret[len] = '\0';
}

static const struct kind *
kind_of_extension(const char *extension)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].extension, extension) == 0)
			return &kinds[i];
	return NULL;
}

const char *
content_claim(const char *extension)
{
	const struct kind	*kind = kind_of_extension(extension);

	return kind == NULL ? "another type" : kind->type;
}

const char *
content_type(const char *extension)
{
	const struct kind	*kind = kind_of_extension(extension);

	return kind == NULL ? "application/octet-stream" : kind->type;
}

static bool
begins_with(int fd, const char *bytes, size_t len)
{
	char	head[16];

	return pread(fd, head, len, 0) == (ssize_t)len &&
	    memcmp(head, bytes, len) == 0;
}

static bool
is_ole(int fd)
{
	return begins_with(fd, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
}

static const char *
ask_magic(int fd, int flags)
{
	const char	*said = NULL;

	magic_setflags(content.cookie, flags);
	if (lseek(fd, 0, SEEK_SET) == 0)
		said = magic_descriptor(content.cookie, fd);
	return said != NULL ? said : "unknown";
}

static bool
is_elf(int fd)
{
	return begins_with(fd, "\x7f" "ELF", 4);
}

/*
 * libmagic calls everything of one byte binary, and takes some beginnings of
 * ELF files for text in EBCDIC.
 */
static bool
is_text(int fd)
{
	unsigned char	c;

	if (is_elf(fd))
		return false;
	switch (pread(fd, &c, 1, 0) == 1 ? lseek(fd, 0, SEEK_END) : 0) {
	case 0:
		return true;
	case 1:
		return c >= ' ' || c == '\n' || c == '\t' || c == '\r';
	default:
		return strcmp(ask_magic(fd, MAGIC_MIME_ENCODING),
		    "binary") != 0;
	}
}

/* libmagic may know an archive to be of another type. */
static bool
is_office_zip(int fd, const struct kind *kind, const char *is)
{
	return begins_with(fd, "PK\x03\x04", 4) &&
	    (strcmp(is, kind->type) == 0 ||
	    strcmp(is, "application/zip") == 0 ||
	    strcmp(is, "application/octet-stream") == 0);
}

/* Whether libmagic's list of extensions for the content has this one, or none. */
static bool
is_listed(int fd, const char *extension)
{
	const char	*list = ask_magic(fd, MAGIC_EXTENSION);
	size_t		 len = strlen(extension);

	if (list[0] == '?' || strcmp(list, "unknown") == 0)
		return true;
	for (; *list != '\0'; list += strcspn(list, "/"),
	    list += *list == '/')
		if (strcspn(list, "/") == len &&
		    strncmp(list, extension, len) == 0)
			return true;
	return false;
}

static bool
fits(int fd, const struct kind *kind, const char *extension)
{
	const char	*is;

	if (kind == NULL)
		return is_listed(fd, extension);
	if (kind->container == PLAIN)
		return is_text(fd);
	is = ask_magic(fd, MAGIC_MIME_TYPE);
	if (strcmp(is, kind->type) == 0 ||
	    (kind->also != NULL && strcmp(is, kind->also) == 0))
		return true;
	return (kind->container != OWN && is_ole(fd)) ||
	    (kind->container == ZIP && is_office_zip(fd, kind, is));
}

/* The media type of a content. libmagic calls text what it does not know. */
static const char *
type_of(int fd)
{
	bool		 text = is_text(fd);
	const char	*type = ask_magic(fd, MAGIC_MIME_TYPE);

	if (strchr(type, '/') == NULL || (!text && strncmp(type, "text/", 5) == 0))
		type = "application/octet-stream";
	return is_elf(fd) && strcmp(type, "application/octet-stream") == 0 ?
	    "application/x-executable" : type;
}

/* What libmagic calls a content, up to the details: "PDF document". */
static void
name_content(int fd, char ret[CONTENT_NAME_SIZE])
{
	const char	*said = ask_magic(fd, MAGIC_NONE);
	const char	*dash = strstr(said, " - ");
	size_t		 len = strcspn(said, ",");

	if (dash != NULL && (size_t)(dash - said) < len)
		len = (size_t)(dash - said);
	if (strcmp(said, "data") == 0 ||
	    strncmp(said, "very short file", 15) == 0)
		snprintf(ret, CONTENT_NAME_SIZE, "binary data");
	else
		snprintf(ret, CONTENT_NAME_SIZE, "%.*s", (int)len, said);
}

bool
content_fits(int fd, const char *extension, char ret_is[CONTENT_IS_SIZE])
{
	const struct kind	*kind = kind_of_extension(extension);
	char			 name[CONTENT_NAME_SIZE];

	if (fits(fd, kind, extension))
		return true;
	name_content(fd, name);
	if (strcmp(name, "empty") == 0)
		snprintf(ret_is, CONTENT_IS_SIZE, "empty");
	else
		snprintf(ret_is, CONTENT_IS_SIZE, "%s (%s)", name, type_of(fd));
	return false;
}
